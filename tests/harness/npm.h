/*
 * npm: programs for Node in tests, with packages of others. npm gets these at the first run only:
 * they and what was built of them stay in a folder below build/, which the tests of all builds
 * share, until the sources or node change.
 *
 *	const char *folder = npm_project("vite", "e2e/vite-app");
 */
#ifndef TESTS_NPM_H
#define TESTS_NPM_H

/*
 * Makes build/[name] of tests/[source]: what package-lock.json names as node_modules, a copy of the
 * sources, and what their build.sh makes of both, when there is one. The folder's path, good until
 * the next call.
 *
 * Without node, or with one that is too old for a package, the test program ends here with its plan
 * and one skipped point that names [name]. What else does not work ends it by bail().
 */
const char *npm_project(const char *name, const char *source);

#endif

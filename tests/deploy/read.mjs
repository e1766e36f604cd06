// Reading the files under check, and what the checks share. A check returns a list of messages.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Pair, Scalar, YAMLMap, parseAllDocuments } from 'yaml';

// CloudFormation's short forms, as what they stand for: !Sub x is { Fn::Sub: x }.
const SHORT = ['Ref', 'Condition', 'Base64', 'Cidr', 'FindInMap', 'GetAtt', 'GetAZs', 'If', 'ImportValue',
  'Join', 'Select', 'Split', 'Sub', 'And', 'Equals', 'Not', 'Or'];
const full = (name) => (name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`);
const wrap = (name) => (node) => {
  const map = new YAMLMap();
  map.items.push(new Pair(new Scalar(full(name)), node));
  return map;
};
const customTags = SHORT.flatMap((name) => [
  { tag: `!${name}`, resolve: (text) => ({ [full(name)]: text }) },
  { tag: `!${name}`, collection: 'seq', resolve: wrap(name) },
  { tag: `!${name}`, collection: 'map', resolve: wrap(name) },
]);

// All documents of a YAML text as plain values. Throws at the first error or warning: a key twice,
// an unknown tag, a tab.
export function readYaml(text, { merge = false } = {}) {
  return parseAllDocuments(text, { customTags, merge, strict: true, uniqueKeys: true }).map((doc) => {
    const [problem] = [...doc.errors, ...doc.warnings];
    if (problem) throw new Error(problem.message.split('\n')[0]);
    return doc.toJS();
  });
}

export function readJson(text) {
  // JSON.parse takes the last of two equal keys; YAML, of which JSON is a part, refuses them.
  readYaml(text);
  return JSON.parse(text);
}

const ajv = addFormats(new Ajv({ allErrors: true, strict: false }), { mode: 'fast' });
// Of the Compose Specification, where they are words for people.
for (const name of ['duration', 'expose', 'ports', 'subnet_ip_address']) ajv.addFormat(name, true);

// A function that lists how a value differs from a JSON schema.
export function schemaCheck(schema) {
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value) ? [] : validate.errors.map((e) =>
      `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
}

// The schema of an object with these properties and no others.
export const only = (properties, required = []) =>
  ({ type: 'object', additionalProperties: false, properties, required });

// Calls visit(value, path) for a value and all within it.
export function walk(value, visit, path = '') {
  visit(value, path);
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) walk(inner, visit, `${path}/${key}`);
}

// [make]'s results, kept by the text of their arguments.
export function memo(make) {
  const kept = new Map();
  return (...args) => {
    const key = args.join('\0');
    if (!kept.has(key)) kept.set(key, make(...args));
    return kept.get(key);
  };
}

// The variables that a service knows, from the tables in its source; aliases stand in one text.
const knownVariables = memo((root, service) => {
  const known = new Set();
  for (const folder of [service, 'common']) {
    const at = join(root, 'src/services', folder);
    for (const name of readdirSync(at).filter((n) => /\.[ch]$/.test(n)))
      for (const [, words] of readFileSync(join(at, name), 'utf8').matchAll(/"([A-Z][A-Z0-9_ ]+)"/g))
        for (const word of words.split(' ')) known.add(word).add(`${word}_FILE`);
  }
  return known;
});

export const SERVICES = ['router', 'web', 'api', 'worker'];

// Messages for the names that no service of [services] knows.
export function variableCheck(root, services, names) {
  const known = services.map((s) => knownVariables(root, s));
  return names.filter((name) => !known.some((k) => k.has(name)))
    .map((name) => `${services.join(', ')} has no variable ${name}`);
}

// Where a service listens unless told otherwise; worker does not.
export const portOf = memo((root, service) => {
  const text = readFileSync(join(root, 'src/services', service, 'main.c'), 'utf8');
  return Number(/\.name = "PORT",\s*\.fallback = "(\d+)"/.exec(text)?.[1]);
});

// How long ours may take to end: SERVICE_DRAIN_MS of src/services/common/service.h, and to exit.
export const DRAIN_SECONDS = 10;

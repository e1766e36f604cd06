// CloudFormation: every property by AWS's own resource specification, every reference, and that no
// secret stands in a template.
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { checkResources } from './aws.mjs';
import { checkTask } from './containers.mjs';
import { environmentOf, optionCheck } from './beanstalk.mjs';
import { SERVICES, memo, readYaml, variableCheck, walk } from './read.mjs';

const db = loadAwsServiceSpecSync();
const PSEUDO = ['AccountId', 'NoValue', 'NotificationARNs', 'Partition', 'Region', 'StackId', 'StackName',
  'URLSuffix'].map((n) => `AWS::${n}`);
const PARAMETER_TYPES = /^(String|Number|CommaDelimitedList|List<Number>|AWS::SSM::Parameter::.+|(List<)?AWS::.+::.+>?)$/;
const RESOURCE_KEYS = ['Type', 'Properties', 'DependsOn', 'Condition', 'DeletionPolicy', 'UpdateReplacePolicy',
  'Metadata', 'CreationPolicy', 'UpdatePolicy'];
const TOP = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Rules', 'Mappings',
  'Conditions', 'Transform', 'Resources', 'Outputs'];

const resourceOf = (type) => db.lookup('resource', 'cloudFormationType', 'equals', type)[0];
const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
const intrinsic = (v) => {
  const [key, ...more] = isObject(v) ? Object.keys(v) : [];
  return more.length === 0 && (key === 'Ref' || key?.startsWith('Fn::')) ? key : null;
};

// A value against a type of the specification. What a function gives is known to AWS alone, but the
// branches of Fn::If are looked into. Scalars may be written as text, as CloudFormation allows.
function fits(type, value, path, said) {
  const fn = intrinsic(value);
  if (fn === 'Fn::If') {
    for (const branch of value[fn].slice(1)) fits(type, branch, path, said);
    return;
  }
  if (fn) return;
  const want = (ok, what) => ok || said.push(`${path}: ${JSON.stringify(value)} is not ${what}`);
  const scalar = ['string', 'number', 'boolean'].includes(typeof value);
  switch (type.type) {
    case 'string': case 'date-time': want(scalar, 'a text'); break;
    case 'integer': want(/^-?\d+$/.test(String(value)), 'a whole number'); break;
    case 'number': want(scalar && Number.isFinite(Number(value)), 'a number'); break;
    case 'boolean': want(/^(true|false)$/.test(String(value)), 'true or false'); break;
    case 'array':
      if (want(Array.isArray(value), 'a list') === true)
        value.forEach((v, i) => fits(type.element, v, `${path}/${i}`, said));
      break;
    case 'map':
      if (want(isObject(value), 'a map') === true)
        for (const [k, v] of Object.entries(value)) fits(type.element, v, `${path}/${k}`, said);
      break;
    case 'ref':
      if (want(isObject(value), 'a map') === true)
        fitsProperties(db.get('typeDefinition', type.reference.$ref).properties, value, path, said);
      break;
    case 'union': {
      const tries = type.types.map((t) => { const s = []; fits(t, value, path, s); return s; });
      if (tries.every((s) => s.length > 0)) said.push(...tries.sort((a, b) => a.length - b.length)[0]);
      break;
    }
    default: // json, tag: any
  }
}

function fitsProperties(spec, given, path, said) {
  for (const [name, value] of Object.entries(given)) {
    const property = spec[name];
    if (!property) said.push(`${path}: there is no property ${name}`);
    else fits(property.type, value, `${path}/${name}`, said);
  }
  for (const [name, property] of Object.entries(spec))
    if (property.required && !(name in given)) said.push(`${path}: ${name} is missing`);
}

function checkResource(name, resource, said) {
  const path = `/Resources/${name}`;
  for (const key of Object.keys(resource))
    if (!RESOURCE_KEYS.includes(key)) said.push(`${path}: there is no ${key}`);
  const spec = resourceOf(resource.Type);
  if (!spec) {
    said.push(`${path}: there is no type ${resource.Type}`);
    return;
  }
  fitsProperties(spec.properties, resource.Properties ?? {}, path, said);
  if (spec.isStateful && /^AWS::(RDS::DBInstance|S3::Bucket)$/.test(resource.Type) &&
      (!resource.DeletionPolicy || !resource.UpdateReplacePolicy))
    said.push(`${path}: holds data, but has no DeletionPolicy and UpdateReplacePolicy`);
}

// The variables that containers get, and Beanstalk's settings, of which AWS's specification knows
// no more than that they are texts.
function checkApplication(root, resource, images, said) {
  const p = resource.Properties ?? {};
  if (resource.Type === 'AWS::ElasticBeanstalk::Environment') {
    const rows = settings(p.OptionSettings);
    said.push(...optionCheck(rows), ...variableCheck(root, SERVICES, environmentOf(rows)));
  }
  if (resource.Type === 'AWS::ECS::TaskDefinition') {
    said.push(...checkTask(root, p, images));
    for (const c of p.ContainerDefinitions) {
      const names = [...(c.Environment ?? []), ...(c.Secrets ?? [])].map((e) => e.Name);
      said.push(...variableCheck(root, [c.Name], names));
      for (const e of c.Environment ?? [])
        if (/PASSWORD$/.test(e.Name)) said.push(`${c.Name}: ${e.Name} is a secret: its place is Secrets`);
    }
  }
}

// OptionSettings as rows, those inside an Fn::If included.
const settings = (list) => list.flatMap((o) => (intrinsic(o) === 'Fn::If' ? o['Fn::If'].slice(1) : [o]))
  .filter((o) => !intrinsic(o)).map((o) => ({ space: o.Namespace, name: o.OptionName, value: o.Value }));

// Every Ref, Fn::GetAtt and Fn::Sub names something; every parameter and condition is used.
function checkReferences(t, said) {
  const parameters = t.Parameters ?? {}, resources = t.Resources ?? {}, conditions = t.Conditions ?? {};
  const used = new Set();
  const ref = (name, path) => {
    used.add(name);
    if (!(name in parameters) && !(name in resources) && !PSEUDO.includes(name))
      said.push(`${path}: there is no ${name}`);
  };
  const attribute = (name, attr, path) => {
    const type = resources[name]?.Type;
    if (!type) said.push(`${path}: there is no resource ${name}`);
    else if (!(attr in (resourceOf(type)?.attributes ?? {})) && !(attr in (resourceOf(type)?.properties ?? {})))
      said.push(`${path}: ${type} has no attribute ${attr}`);
  };
  const condition = (name, path) => {
    used.add(`if ${name}`);
    if (!(name in conditions)) said.push(`${path}: there is no condition ${name}`);
  };
  walk(t, (v, path) => {
    if (!isObject(v)) return;
    if (typeof v.Ref === 'string') ref(v.Ref, path);
    if (v['Fn::GetAtt']) {
      const [name, ...attr] = [].concat(v['Fn::GetAtt']).join('.').split('.');
      attribute(name, attr.join('.'), path);
    }
    if (v['Fn::If']) condition(v['Fn::If'][0], path);
    // Elsewhere it is a word of the resource's own.
    if (typeof v.Condition === 'string' && /^\/((Resources|Outputs)\/[^/]+$|Conditions\/)/.test(path))
      condition(v.Condition, path);
    if (v['Fn::Sub']) {
      const [text, own] = [].concat(v['Fn::Sub']);
      for (const [, name] of text.matchAll(/\$\{([^!][^}]*)\}/g)) {
        const [first, ...attr] = name.split('.');
        if (own && name in own) continue;
        if (attr.length) attribute(first, attr.join('.'), path);
        else ref(name, path);
      }
    }
  });
  for (const [name, resource] of Object.entries(resources))
    for (const other of [].concat(resource.DependsOn ?? []))
      if (!(other in resources)) said.push(`/Resources/${name}: depends on ${other}, which is not there`);
  for (const name of Object.keys(parameters))
    if (!used.has(name)) said.push(`/Parameters/${name}: is never used`);
  for (const name of Object.keys(conditions))
    if (!used.has(`if ${name}`)) said.push(`/Conditions/${name}: is never used`);
}

function checkParameter(name, p, said) {
  const path = `/Parameters/${name}`;
  if (!PARAMETER_TYPES.test(p.Type)) said.push(`${path}: there is no type ${p.Type}`);
  if (p.Default === undefined) return;
  if (p.AllowedValues && !p.AllowedValues.map(String).includes(String(p.Default)))
    said.push(`${path}: the default is not among the values allowed`);
  if (p.AllowedPattern && !new RegExp(p.AllowedPattern).test(p.Default))
    said.push(`${path}: the default does not match its pattern`);
  if (p.MinValue > p.Default || p.MaxValue < p.Default) said.push(`${path}: the default is out of range`);
  if (p.NoEcho) said.push(`${path}: a secret with a default`);
}

function checkSecrets(t, said) {
  walk(t.Resources, (v, path) => {
    if (!/Password$|SecretString$|AuthToken$/.test(path)) return;
    const text = typeof v === 'string' ? v : v?.['Fn::Sub'];
    if (typeof text === 'string' && !text.startsWith('{{resolve:'))
      said.push(`${path}: a secret in plain`);
  });
}

// What is exported and imported, without the name of the stack: { exports, imports }.
export const stackNames = memo((text) => {
  const names = { exports: [], imports: [] };
  const suffix = (v) => /^\$\{[^}]+\}-(.+)$/.exec(v?.['Fn::Sub'] ?? '')?.[1];
  walk(readYaml(text)[0], (v) => {
    if (isObject(v?.Export)) names.exports.push(suffix(v.Export.Name));
    if (v?.['Fn::ImportValue']) names.imports.push(suffix(v['Fn::ImportValue']));
  });
  return names;
});

// [exports]: what the templates of all layers export together.
export async function checkTemplate(root, text, exports) {
  const said = [], [t, more] = readYaml(text);
  if (more) said.push('more than one document');
  if (/^\s*[^#\n]*[:-] [&*]\w/m.test(text)) said.push('an anchor: CloudFormation knows none');
  for (const key of Object.keys(t)) if (!TOP.includes(key)) said.push(`there is no section ${key}`);
  if (t.AWSTemplateFormatVersion !== '2010-09-09') said.push('AWSTemplateFormatVersion must be "2010-09-09"');
  for (const [name, p] of Object.entries(t.Parameters ?? {})) checkParameter(name, p, said);
  const images = Object.entries(t.Parameters ?? {})
    .filter(([, p]) => p.AllowedPattern?.endsWith('@sha256:[0-9a-f]{64}$')).map(([name]) => name);
  for (const [name, resource] of Object.entries(t.Resources ?? {})) {
    checkResource(name, resource, said);
    checkApplication(root, resource, images, said);
  }
  checkReferences(t, said);
  checkSecrets(t, said);
  if (said.length === 0) said.push(...await checkResources(root, t.Resources));
  const own = stackNames(text).exports;
  own.forEach((name, i) => own.indexOf(name) !== i && said.push(`exports ${name} twice`));
  for (const name of stackNames(text).imports)
    if (!exports.includes(name)) said.push(`imports ${name}, which no layer exports`);
  return said;
}

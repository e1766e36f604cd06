// Kubernetes: every object against the types of the API (made from its OpenAPI document) by the
// TypeScript compiler, which refuses what they do not have; then what names what, for each
// kustomization with all that it builds on.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { SERVICES, readYaml, variableCheck, walk } from './read.mjs';

const modules = dirname(dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json')));
const KUSTOMIZATION = ['apiVersion', 'kind', 'namespace', 'resources', 'images', 'configMapGenerator',
  'secretGenerator', 'patches', 'labels', 'commonAnnotations'];

// apps/v1 → apps/v1, networking.k8s.io/v1 → networking/v1, v1 → core/v1
const moduleOf = (apiVersion = '') => {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `kubernetes-types/${group.split('.')[0]}/${version}`;
};

let last; // the program before: what it has of the types is not read again

function diagnostics(source) {
  const options = { noEmit: true, strict: true, noLib: false, lib: ['lib.es5.d.ts'], types: [],
    moduleResolution: ts.ModuleResolutionKind.Node10, skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const name = join(dirname(modules), 'objects.ts'), read = host.getSourceFile;
  host.getSourceFile = (file, ...rest) =>
    file === name ? ts.createSourceFile(file, source, ts.ScriptTarget.Latest)
      : last?.getSourceFile(file) ?? read.call(host, file, ...rest);
  const program = ts.createProgram([name], options, host, last);
  last = program;
  return ts.getPreEmitDiagnostics(program).filter((d) => d.file?.fileName === name);
}

// Messages for a file of objects.
export function checkObjects(text) {
  const objects = readYaml(text), said = [];
  const lines = objects.map((o, i) => {
    const module = moduleOf(o.apiVersion);
    if (!existsSync(join(modules, `${module}.d.ts`)) || !/^[A-Z][A-Za-z]+$/.test(o.kind ?? '')) {
      said.push(`there is no ${o.kind} in ${o.apiVersion}`);
      return '';
    }
    return `export const o${i}: import('${module}').${o.kind} = ${JSON.stringify(o)};`;
  });
  for (const d of diagnostics(lines.join('\n'))) {
    const { line } = d.file.getLineAndCharacterOfPosition(d.start);
    const o = objects[line];
    said.push(`${o.kind} ${o.metadata?.name}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
  }
  for (const o of objects) if (!o.metadata?.name) said.push(`${o.kind}: has no name`);
  return said;
}

const podOf = (o) => o.spec?.jobTemplate?.spec?.template ?? o.spec?.template;
const inside = (labels, of) => Object.entries(labels ?? {}).every(([k, v]) => of?.[k] === v);

function checkPod(root, o, names, said) {
  const pod = podOf(o), at = `${o.kind} ${o.metadata.name}`;
  const want = (ok, what) => ok || said.push(`${at}: ${what}`);
  want(pod.spec.securityContext?.runAsNonRoot === true, 'may run as root');
  const volumes = (pod.spec.volumes ?? []).concat(o.spec.volumeClaimTemplates?.map((c) => c.metadata) ?? []);
  for (const c of pod.spec.containers) {
    want(c.image, `${c.name} has no image`);
    want(c.resources?.limits?.memory, `${c.name} has no memory limit`);
    want(c.securityContext?.readOnlyRootFilesystem, `${c.name} may write to its root`);
    want(c.securityContext?.allowPrivilegeEscalation === false, `${c.name} may gain privileges`);
    want(c.securityContext?.capabilities?.drop?.includes('ALL'), `${c.name} keeps capabilities`);
    for (const m of c.volumeMounts ?? [])
      want(volumes.some((v) => v.name === m.name), `${c.name} mounts ${m.name}, which is not there`);
    for (const probe of [c.startupProbe, c.livenessProbe, c.readinessProbe])
      if (typeof probe?.httpGet?.port === 'string')
        want(c.ports?.some((p) => p.name === probe.httpGet.port), `${c.name} has no port ${probe.httpGet.port}`);
    for (const from of c.envFrom ?? [])
      if (from.configMapRef) want(names.maps.has(from.configMapRef.name), `there is no ConfigMap ${from.configMapRef.name}`);
    if (SERVICES.includes(c.name))
      said.push(...variableCheck(root, [c.name], (c.env ?? []).map((e) => e.name)).map((m) => `${at}: ${m}`));
  }
}

function checkSelectors(o, all, said) {
  const at = `${o.kind} ${o.metadata.name}`, pods = all.map(podOf).filter(Boolean);
  const any = (labels) => pods.some((p) => inside(labels, p.metadata?.labels));
  if (['Deployment', 'StatefulSet'].includes(o.kind) && !inside(o.spec.selector.matchLabels, podOf(o).metadata.labels))
    said.push(`${at}: its selector does not match its own pods`);
  if (o.kind === 'Service') {
    if (!any(o.spec.selector)) said.push(`${at}: there is no pod behind it`);
    const named = pods.filter((p) => inside(o.spec.selector, p.metadata?.labels))
      .flatMap((p) => p.spec.containers.flatMap((c) => (c.ports ?? []).map((q) => q.name)));
    for (const p of o.spec.ports)
      if (typeof p.targetPort === 'string' && !named.includes(p.targetPort)) said.push(`${at}: there is no port ${p.targetPort}`);
  }
  if (['NetworkPolicy', 'PodDisruptionBudget'].includes(o.kind)) {
    const { matchLabels, matchExpressions = [] } = o.spec.podSelector ?? o.spec.selector;
    const wanted = matchExpressions.flatMap((e) => e.values.map((v) => ({ [e.key]: v })));
    for (const labels of matchLabels ? [matchLabels] : wanted)
      if (!any(labels)) said.push(`${at}: there is no pod with ${JSON.stringify(labels)}`);
  }
  const target = o.kind === 'HorizontalPodAutoscaler' && o.spec.scaleTargetRef;
  if (target && !all.some((t) => t.kind === target.kind && t.metadata.name === target.name))
    said.push(`${at}: there is no ${target.kind} ${target.name}`);
  if (target && o.spec.metrics.some((m) => m.resource?.target.type === 'Utilization'))
    said.push(`${at}: scales by a share of what its pods ask for, which is next to nothing`);
}

// All that a kustomization builds: { objects, maps }, where maps are the ConfigMaps it makes.
function gather(path, read, said) {
  const [k] = readYaml(read(path));
  for (const key of Object.keys(k)) if (!KUSTOMIZATION.includes(key)) said.push(`there is no ${key}`);
  const built = { objects: [], maps: [...(k.configMapGenerator ?? [])] };
  for (const name of k.resources ?? []) {
    const at = join(dirname(path), name), inner = join(at, 'kustomization.yaml');
    try {
      if (/\.ya?ml$/.test(name)) built.objects.push(...readYaml(read(at)));
      else {
        const below = gather(inner, read, said);
        built.objects.push(...below.objects);
        built.maps.push(...below.maps);
      }
    } catch (error) {
      said.push(`${name}: ${error.message}`);
    }
  }
  return built;
}

// [read]: gives the text at a path, so that a test may plant a mistake.
export function checkKustomization(root, path, read = (p) => readFileSync(p, 'utf8')) {
  const said = [], { objects, maps } = gather(path, read, said);
  const ids = objects.map((o) => `${o.kind} ${o.metadata?.name}`);
  ids.forEach((id, i) => ids.indexOf(id) !== i && said.push(`${id} twice`));
  const base = /\/base\/[^/]+$/.test(path);
  for (const o of objects) {
    // Whose stores are used is said by what builds on the base, not there.
    const names = { maps: new Set([...maps.map((m) => m.name), ...(base ? ['stores'] : [])]) };
    if (podOf(o)) checkPod(root, o, names, said);
    checkSelectors(o, objects, said);
  }
  for (const m of maps) {
    const variables = (m.literals ?? []).map((l) => l.split('=')[0]);
    said.push(...variableCheck(root, SERVICES, variables));
    if (variables.some((v) => /PASSWORD$/.test(v))) said.push(`ConfigMap ${m.name}: a secret in plain`);
  }
  walk(objects, (v, at) => {
    if (v?.kind === 'Secret') said.push(`${at}: a secret in plain`);
  });
  return said;
}

// Kubernetes: every object against the types of the API (made from its OpenAPI document) by the
// TypeScript compiler, which refuses what they do not have; then what names what, for each
// kustomization with all that it builds on.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { DRAIN_SECONDS, SERVICES, portOf, readYaml, variableCheck, walk } from './read.mjs';

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

// Words and sizes that are no more than texts in the types.
const QUANTITY = /^\d+(\.\d+)?(m|[kMGT]|[KMGT]i)?$/;
const FIELD = '(\\*|[0-5]?\\d)(/\\d+)?';
const WORDS = {
  restartPolicy: /^(Always|OnFailure|Never)$/,
  whenUnsatisfiable: /^(DoNotSchedule|ScheduleAnyway)$/,
  concurrencyPolicy: /^(Allow|Forbid|Replace)$/,
  schedule: new RegExp(`^${FIELD} (\\*|1?\\d|2[0-3]) (\\*|[1-9]|[12]\\d|3[01]) (\\*|[1-9]|1[0-2]) (\\*|[0-6])$`),
  medium: /^(|Memory)$/,
  sizeLimit: QUANTITY,
  memory: QUANTITY,
  storage: QUANTITY,
  cpu: QUANTITY,
  averageValue: QUANTITY,
};
const LISTS = { accessModes: ['ReadWriteOnce'], policyTypes: ['Ingress', 'Egress'] };

function checkWords(o, said) {
  walk(o.spec, (v, path) => {
    const name = path.split('/').at(-1);
    if (typeof v === 'string' && WORDS[name] && !WORDS[name].test(v)) said.push(`${o.kind} ${o.metadata.name}: ${name} cannot be ${v}`);
    if (Array.isArray(v) && LISTS[name] && v.some((w) => !LISTS[name].includes(w)))
      said.push(`${o.kind} ${o.metadata.name}: ${name} cannot be ${v}`);
  });
}

const podOf = (o) => o.spec?.jobTemplate?.spec?.template ?? o.spec?.template;
const inside = (labels, of) => Object.entries(labels ?? {}).every(([k, v]) => of?.[k] === v);

// The labels that a selector takes, each set of them.
const chosen = ({ matchLabels, matchExpressions = [] } = {}) => (matchLabels ? [matchLabels]
  : matchExpressions.flatMap((e) => e.values.map((v) => ({ [e.key]: v }))));

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
    if (SERVICES.includes(c.name)) {
      checkOurs(root, pod.spec, c, want);
      said.push(...variableCheck(root, [c.name], (c.env ?? []).map((e) => e.name)).map((m) => `${at}: ${m}`));
    }
  }
}

// One of ours: its own image, ports where it listens, probes that ask what they should, time to end.
function checkOurs(root, pod, c, want) {
  const ports = Object.fromEntries((c.ports ?? []).map((p) => [p.name, p.containerPort]));
  const asks = (probe) => `${probe?.httpGet?.path} ${probe?.httpGet?.port}`;
  want(c.image === `barnacle-${c.name}`, `has the image ${c.image}`);
  want(ports.admin === 9090, 'its admin port is 9090');
  want(c.name === 'worker' ? ports.http === undefined : ports.http === portOf(root, c.name), `does not listen on ${ports.http}`);
  want(asks(c.startupProbe) === '/healthz admin' && asks(c.livenessProbe) === '/healthz admin', 'it lives without its stores');
  // With a store away none of api would be left to say so.
  want(asks(c.readinessProbe) === (c.name === 'worker' ? '/readyz admin' : '/healthz http'), 'is ready by another rule');
  want(pod.terminationGracePeriodSeconds > DRAIN_SECONDS + (c.lifecycle?.preStop?.sleep?.seconds ?? 0), 'is killed while it ends');
  for (const { name, value } of c.env ?? []) {
    if (!/_FILE$/.test(name)) continue;
    const mount = c.volumeMounts?.find((m) => value.startsWith(`${m.mountPath}/`));
    const secret = pod.volumes?.find((v) => v.name === mount?.name)?.secret;
    want(secret?.items?.some((i) => i.key === name.replace('_FILE', '') && `${mount.mountPath}/${i.path}` === value), `there is no ${value}`);
  }
}

function checkSelectors(root, o, all, said) {
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
    // Where the router looks for them.
    if (['api', 'web'].includes(o.metadata.name) && o.spec.ports[0].port !== portOf(root, o.metadata.name))
      said.push(`${at}: the router asks port ${portOf(root, o.metadata.name)}`);
  }
  if (['NetworkPolicy', 'PodDisruptionBudget'].includes(o.kind)) {
    for (const labels of chosen(o.spec.podSelector ?? o.spec.selector))
      if (!any(labels)) said.push(`${at}: there is no pod with ${JSON.stringify(labels)}`);
      else if (o.kind === 'NetworkPolicy') checkIngress(at, o.spec.ingress, any,
        pods.filter((p) => inside(labels, p.metadata?.labels)), said);
    if (o.kind === 'PodDisruptionBudget' && !(o.spec.maxUnavailable >= 1)) said.push(`${at}: lets no node be emptied`);
  }
  const target = o.kind === 'HorizontalPodAutoscaler' && o.spec.scaleTargetRef;
  if (target && !all.some((t) => t.kind === target.kind && t.metadata.name === target.name))
    said.push(`${at}: there is no ${target.kind} ${target.name}`);
  if (target && o.spec.metrics.some((m) => m.resource?.target.type === 'Utilization'))
    said.push(`${at}: scales by a share of what its pods ask for, which is next to nothing`);
}

// Ports by name that the pods have, from pods that are there.
function checkIngress(at, rules, any, pods, said) {
  const named = pods.flatMap((p) => p.spec.containers.flatMap((c) => (c.ports ?? []).map((q) => q.name)));
  for (const rule of rules) {
    for (const p of rule.ports) if (!named.includes(p.port)) said.push(`${at}: there is no port ${p.port}`);
    for (const { podSelector } of rule.from ?? [])
      for (const labels of chosen(podSelector))
        if (!any(labels)) said.push(`${at}: there is no pod with ${JSON.stringify(labels)}`);
  }
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
    checkSelectors(root, o, objects, said);
    checkWords(o, said);
  }
  for (const m of maps) {
    const variables = (m.literals ?? []).map((l) => l.split('=')[0]);
    said.push(...variableCheck(root, SERVICES, variables));
    if (variables.some((v) => /PASSWORD$/.test(v))) said.push(`ConfigMap ${m.name}: a secret in plain`);
    for (const [, name, host] of (m.literals ?? []).map((l) => /^(PGHOST|REDIS_HOST)=(.*)$/.exec(l)).filter(Boolean))
      if (!host.includes('.') && !ids.includes(`Service ${host}`)) said.push(`${name}: there is no service ${host}`);
  }
  walk(objects, (v, at) => {
    if (v?.kind === 'Secret') said.push(`${at}: a secret in plain`);
  });
  return said;
}

// Container definitions, as Dockerrun.aws.json and task definitions have them: the schema follows
// API_ContainerDefinition of the Amazon ECS API Reference.
import { DRAIN_SECONDS, SERVICES, only, portOf, schemaCheck, variableCheck } from './read.mjs';

const list = (items) => ({ type: 'array', items });
const text = { type: 'string', minLength: 1 }, flag = { type: 'boolean' };
const whole = (minimum, maximum) => ({ type: 'integer', minimum, maximum });
const port = whole(1, 65535);
export const IMAGE = { type: 'string', pattern: '^\\S+@sha256:[0-9a-f]{64}$' };

const AWSLOGS = ['group', 'region', 'stream-prefix', 'create-group', 'datetime-format', 'multiline-pattern'];
const container = {
  name: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,255}$' },
  image: IMAGE,
  essential: { const: true }, // an inessential one that died stays dead
  memory: whole(6, 1048576),
  memoryReservation: whole(6, 1048576),
  cpu: whole(0, 10240),
  links: list({ type: 'string', pattern: '^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$' }),
  portMappings: list(only({ hostPort: port, containerPort: port, protocol: { enum: ['tcp', 'udp'] } },
    ['containerPort'])),
  environment: list(only({ name: text, value: { type: 'string' } }, ['name', 'value'])),
  secrets: list(only({ name: text, valueFrom: text }, ['name', 'valueFrom'])),
  mountPoints: list(only({ sourceVolume: text, containerPath: text, readOnly: flag })),
  command: list(text),
  entryPoint: list(text),
  user: text,
  privileged: { const: false },
  readonlyRootFilesystem: { const: true },
  dockerSecurityOptions: { ...list(text), contains: { const: 'no-new-privileges' } },
  linuxParameters: only({
    capabilities: only({ drop: { const: ['ALL'] } }, ['drop']),
    initProcessEnabled: flag,
  }, ['capabilities']),
  healthCheck: only({
    command: { type: 'array', prefixItems: [{ const: 'CMD' }], items: text, minItems: 2 },
    interval: whole(5, 300),
    timeout: whole(2, 60),
    retries: whole(1, 10),
    startPeriod: whole(0, 300),
  }, ['command']),
  stopTimeout: whole(DRAIN_SECONDS + 1, 120),
  dependsOn: list(only({ containerName: text, condition: { enum: ['START', 'HEALTHY', 'COMPLETE', 'SUCCESS'] } },
    ['containerName', 'condition'])),
  logConfiguration: {
    if: { properties: { logDriver: { const: 'awslogs' } } },
    then: { properties: { options: only(Object.fromEntries(AWSLOGS.map((o) => [`awslogs-${o}`, {}])),
      ['awslogs-group', 'awslogs-region']) } },
    ...only({ logDriver: text, options: { type: 'object' } }, ['logDriver']),
  },
};
const REQUIRED = ['name', 'image', 'essential', 'memory', 'readonlyRootFilesystem', 'linuxParameters',
  'healthCheck', 'stopTimeout'];

// On instances, and on Fargate, which knows no security options.
export const onInstances = only(container, [...REQUIRED, 'dockerSecurityOptions']);
const onFargate = schemaCheck(list(only(container, REQUIRED)));

// What a schema cannot say: names that must be there, and once; what our four are.
export function checkContainers(root, containers) {
  const said = [], names = containers.map((c) => c.name);
  const hostPorts = containers.flatMap((c) => (c.portMappings ?? []).map((p) => p.hostPort)).filter(Boolean);
  if (new Set(names).size !== names.length) said.push('two containers of one name');
  if (new Set(hostPorts).size !== hostPorts.length) said.push('two containers at one port of the host');
  for (const c of containers) {
    for (const other of [...(c.links ?? []).map((l) => l.split(':')[0]), ...(c.dependsOn ?? []).map((d) => d.containerName)])
      if (!names.includes(other)) said.push(`${c.name}: links to ${other}, which is not there`);
    if (c.memoryReservation >= c.memory) said.push(`${c.name}: memory must be above memoryReservation`);
  }
  for (const name of SERVICES) {
    const c = containers.find((d) => d.name === name);
    if (!c) {
      said.push(`there is no ${name}`);
      continue;
    }
    if (c.healthCheck.command[1] !== `/${name}`) said.push(`${name}: its health check asks for another program`);
    if (!c.image.includes(`/barnacle-${name}@`)) said.push(`${name}: the image of another service`);
    for (const p of c.portMappings ?? [])
      if (p.containerPort !== portOf(root, name)) said.push(`${name}: does not listen on ${p.containerPort}`);
    said.push(...variableCheck(root, [name], (c.environment ?? []).map((e) => e.name)));
  }
  return said;
}

// "Task CPU and memory" of the Amazon ECS Developer Guide, for what the four may ever need: MiB by CPU.
const SIZES = { 256: [512, 1024, 2048], 512: [1024, 2048, 3072, 4096], 1024: [2048, 3072, 4096, 5120, 6144, 7168, 8192] };

// The properties of an AWS::ECS::TaskDefinition. [images]: parameters that want a digest.
export function checkTask(root, p, images) {
  const said = [], lower = (v) => (Array.isArray(v) ? v.map(lower)
    : v === null || typeof v !== 'object' ? v
      : Object.fromEntries(Object.entries(v).map(([k, w]) => [/^Fn::/.test(k) ? k : k[0].toLowerCase() + k.slice(1),
        k === 'Options' ? w : lower(w)])));
  // What only AWS can fill in, filled in.
  const containers = lower(p.ContainerDefinitions).map((c) => ({
    ...c,
    image: images.includes(c.image.ref)
      ? `registry/barnacle-${c.image.ref.replace('Image', '').toLowerCase()}@sha256:${'0'.repeat(64)}` : c.image,
    environment: c.environment?.map((e) => ({ ...e, value: String(e.value) })),
    secrets: c.secrets?.map((e) => ({ ...e, valueFrom: 'arn' })),
  }));
  const plain = JSON.parse(JSON.stringify(containers));
  said.push(...onFargate(plain));
  if (said.length) return said;
  const ports = plain.map((c) => c.environment?.find((e) => e.name === 'ADMIN_PORT')?.value ?? '9090');
  if (new Set(ports).size !== ports.length) said.push('two containers of a task at one admin port');
  if (!SIZES[p.Cpu]?.includes(Number(p.Memory))) said.push(`Fargate has no task of ${p.Cpu} CPU with ${p.Memory} MiB`);
  if (plain.reduce((sum, c) => sum + c.memory, 0) > p.Memory) said.push('the containers may use more than the task has');
  return [...said, ...checkContainers(root, plain)];
}

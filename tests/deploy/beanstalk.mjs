// Elastic Beanstalk: Dockerrun.aws.json in both versions, and option settings. The schemas follow
// "Dockerrun.aws.json v2", "Docker platform" and "Configuration options" of the AWS Elastic
// Beanstalk Developer Guide, and API_ContainerDefinition of the Amazon ECS API Reference.
import { SERVICES, readJson, readYaml, schemaCheck, variableCheck } from './read.mjs';

const only = (properties, required = []) => ({ type: 'object', additionalProperties: false, properties, required });
const list = (items) => ({ type: 'array', items });
const text = { type: 'string', minLength: 1 }, flag = { type: 'boolean' };
const whole = (minimum, maximum) => ({ type: 'integer', minimum, maximum });
const port = whole(1, 65535);
const IMAGE = { type: 'string', pattern: '^\\S+@sha256:[0-9a-f]{64}$' };

const container = only({
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
  stopTimeout: whole(1, 120),
  dependsOn: list(only({ containerName: text, condition: { enum: ['START', 'HEALTHY', 'COMPLETE', 'SUCCESS'] } },
    ['containerName', 'condition'])),
  logConfiguration: only({ logDriver: text, options: { type: 'object' } }, ['logDriver']),
}, ['name', 'image', 'essential', 'memory', 'readonlyRootFilesystem', 'dockerSecurityOptions',
  'linuxParameters', 'healthCheck']);

const version2 = schemaCheck(only({
  AWSEBDockerrunVersion: { const: 2 },
  executionRoleArn: { type: 'string', pattern: '^arn:[^:]+:iam::\\d{12}:role/.+$' },
  volumes: list(only({ name: text, host: only({ sourcePath: text }) }, ['name'])),
  containerDefinitions: { ...list(container), minItems: 1 },
  authentication: only({ bucket: text, key: text }, ['bucket', 'key']),
}, ['AWSEBDockerrunVersion', 'containerDefinitions']));

const version1 = schemaCheck(only({
  AWSEBDockerrunVersion: { const: '1' },
  Image: only({ Name: IMAGE, Update: { enum: ['true', 'false'] } }, ['Name']),
  Ports: { ...list(only({ ContainerPort: port, HostPort: port }, ['ContainerPort'])), minItems: 1 },
  Authentication: only({ Bucket: text, Key: text }, ['Bucket', 'Key']),
  Volumes: list(only({ HostDirectory: text, ContainerDirectory: text })),
  Logging: text,
}, ['AWSEBDockerrunVersion', 'Image', 'Ports']));

// What a schema cannot say: names that must be there, and once.
function checkContainers(root, containers) {
  const said = [], names = containers.map((c) => c.name);
  const hostPorts = containers.flatMap((c) => (c.portMappings ?? []).map((p) => p.hostPort));
  if (new Set(names).size !== names.length) said.push('two containers of one name');
  if (new Set(hostPorts).size !== hostPorts.length) said.push('two containers at one port of the host');
  for (const c of containers) {
    for (const link of c.links ?? [])
      if (!names.includes(link.split(':')[0])) said.push(`${c.name}: links to ${link}, which is not there`);
    if (c.memoryReservation >= c.memory) said.push(`${c.name}: memory must be above memoryReservation`);
    if (SERVICES.includes(c.name) && c.healthCheck?.command?.[1] !== `/${c.name}`)
      said.push(`${c.name}: its health check asks for another program`);
    if (SERVICES.includes(c.name))
      said.push(...variableCheck(root, [c.name], (c.environment ?? []).map((e) => e.name)));
  }
  return said;
}

export function checkDockerrun(root, given) {
  const doc = readJson(given);
  if (doc.AWSEBDockerrunVersion === '1') return version1(doc);
  const said = version2(doc);
  return said.length ? said : checkContainers(root, doc.containerDefinitions);
}

const LISTENER = 'DefaultProcess ListenerEnabled Protocol Rules SSLCertificateArns SSLPolicy';
const OPTIONS = Object.fromEntries(Object.entries({
  'aws:autoscaling:asg': 'Cooldown EnableCapacityRebalancing MinSize MaxSize',
  'aws:autoscaling:launchconfiguration': 'DisableDefaultEC2SecurityGroup DisableIMDSv1 EC2KeyName ' +
    'IamInstanceProfile ImageId MonitoringInterval RootVolumeSize RootVolumeType SecurityGroups',
  'aws:autoscaling:trigger': 'BreachDuration EvaluationPeriods LowerBreachScaleIncrement LowerThreshold ' +
    'MeasureName Period Statistic Unit UpperBreachScaleIncrement UpperThreshold',
  'aws:ec2:instances': 'EnableSpot InstanceTypes SpotMaxPrice SupportedArchitectures',
  'aws:ec2:vpc': 'VPCId Subnets ELBSubnets ELBScheme DBSubnets AssociatePublicIpAddress',
  'aws:elasticbeanstalk:application:environment': '*',
  'aws:elasticbeanstalk:application:environmentsecrets': '*',
  'aws:elasticbeanstalk:cloudwatch:logs': 'StreamLogs DeleteOnTerminate RetentionInDays',
  'aws:elasticbeanstalk:command': 'DeploymentPolicy Timeout BatchSizeType BatchSize IgnoreHealthCheck',
  'aws:elasticbeanstalk:environment': 'EnvironmentType LoadBalancerIsShared LoadBalancerType ServiceRole',
  'aws:elasticbeanstalk:environment:process:default': 'DeregistrationDelay HealthCheckInterval ' +
    'HealthCheckPath HealthCheckTimeout HealthyThresholdCount MatcherHTTPCode Port Protocol ' +
    'StickinessEnabled StickinessLBCookieDuration StickinessType UnhealthyThresholdCount',
  'aws:elasticbeanstalk:environment:proxy': 'ProxyServer',
  'aws:elasticbeanstalk:healthreporting:system': 'ConfigDocument HealthCheckSuccessThreshold SystemType',
  'aws:elasticbeanstalk:managedactions': 'ManagedActionsEnabled PreferredStartTime ServiceRoleForManagedUpdates',
  'aws:elasticbeanstalk:managedactions:platformupdate': 'InstanceRefreshEnabled UpdateLevel',
  'aws:elbv2:listener:443': LISTENER,
  'aws:elbv2:listener:default': LISTENER,
  'aws:elbv2:loadbalancer': 'AccessLogsS3Bucket AccessLogsS3Enabled AccessLogsS3Prefix IdleTimeout ' +
    'ManagedSecurityGroup SecurityGroups SharedLoadBalancer',
}).map(([space, names]) => [space, names.split(' ')]));
const SECRET = /PASSWORD$|^DATABASE_URL$|^REDIS_URL$/;

// Option settings as rows { space, name, value }.
export function optionCheck(rows) {
  const said = [];
  for (const { space, name, value } of rows) {
    const names = OPTIONS[space];
    if (!names) said.push(`there is no namespace ${space}`);
    else if (names[0] !== '*' && !names.includes(name)) said.push(`${space} has no option ${name}`);
    if (space === 'aws:elasticbeanstalk:application:environment' && SECRET.test(name) && value !== '')
      said.push(`${name} is a secret: its place is environmentsecrets`);
  }
  return said;
}

export const environmentOf = (rows) =>
  rows.filter((r) => r.space.startsWith('aws:elasticbeanstalk:application:environment')).map((r) => r.name);

export function checkEbextension(root, given) {
  const [doc] = readYaml(given);
  const unknown = Object.keys(doc).filter((k) => k !== 'option_settings').map((k) => `there is no section ${k}`);
  const rows = Object.entries(doc.option_settings ?? {}).flatMap(([space, options]) =>
    Object.entries(options).map(([name, value]) => ({ space, name, value })));
  return [...unknown, ...optionCheck(rows), ...variableCheck(root, SERVICES, environmentOf(rows))];
}

// Elastic Beanstalk: Dockerrun.aws.json in both versions, and option settings. The schemas follow
// "Dockerrun.aws.json v2", "Docker platform" and "Configuration options" of the AWS Elastic
// Beanstalk Developer Guide.
import { IMAGE, checkContainers, onInstances } from './containers.mjs';
import { DRAIN_SECONDS, SERVICES, only, portOf, readJson, readYaml, schemaCheck, variableCheck } from './read.mjs';

const list = (items) => ({ type: 'array', items });
const text = { type: 'string', minLength: 1 };
const port = { type: 'integer', minimum: 1, maximum: 65535 };

const version2 = schemaCheck(only({
  AWSEBDockerrunVersion: { const: 2 },
  executionRoleArn: { type: 'string', pattern: '^arn:[^:]+:iam::\\d{12}:role/.+$' },
  volumes: list(only({ name: text, host: only({ sourcePath: text }) }, ['name'])),
  containerDefinitions: { ...list(onInstances), minItems: 1 },
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

export function checkDockerrun(root, given) {
  const doc = readJson(given);
  const said = doc.AWSEBDockerrunVersion === '1' ? version1(doc) : version2(doc);
  if (said.length) return said;
  if (doc.AWSEBDockerrunVersion === '1') {
    const name = /\/barnacle-([a-z]+)@/.exec(doc.Image.Name)?.[1];
    return doc.Ports[0].ContainerPort === portOf(root, name) ? [] : [`${name}: does not listen on ${doc.Ports[0].ContainerPort}`];
  }
  const router = doc.containerDefinitions.find((c) => c.name === 'router');
  for (const name of ['api', 'web'])
    if (!router?.links?.includes(name)) said.push(`router: does not see ${name}`);
  // Where the environment's process is, in .ebextensions.
  if (router?.portMappings?.[0]?.hostPort !== 80) said.push('router: is not at port 80 of the instance');
  return [...said, ...checkContainers(root, doc.containerDefinitions)];
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

// What the values may be, of options that take words, and of those that must fit what we run.
const TRUTH = /^(true|false)$/;
const VALUES = {
  AssociatePublicIpAddress: TRUTH,
  BatchSizeType: /^(Fixed|Percentage)$/,
  DeploymentPolicy: /^(AllAtOnce|Immutable|Rolling|RollingWithAdditionalBatch|TrafficSplitting)$/,
  DisableIMDSv1: /^true$/,
  EnvironmentType: /^(LoadBalanced|SingleInstance)$/,
  HealthCheckPath: /^\/healthz$/, // it touches no store
  ListenerEnabled: TRUTH,
  LoadBalancerType: /^application$/,
  ManagedActionsEnabled: TRUTH,
  MatcherHTTPCode: /^200$/,
  MeasureName: /^(CPUUtilization|Latency|NetworkIn|NetworkOut|RequestCount)$/,
  Port: /^80$/,
  PreferredStartTime: /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):[0-5]\d$/,
  Protocol: /^HTTPS?$/,
  ProxyServer: /^(nginx|none)$/,
  SSLPolicy: /^ELBSecurityPolicy-TLS13-1-[23]-(Res-)?2021-06$/,
  StreamLogs: TRUTH,
  SupportedArchitectures: /^(arm64|x86_64)$/,
  SystemType: /^enhanced$/,
  Unit: /^(Percent|Seconds|Bytes|Count)$/,
  UpdateLevel: /^(minor|patch)$/,
};
const NUMBERS = ['BatchSize', 'DeregistrationDelay', 'LowerThreshold', 'MaxSize', 'MinSize', 'RetentionInDays',
  'UpperThreshold'];

function valueCheck({ space, name, value }) {
  if (space.startsWith('aws:elasticbeanstalk:application:environment') || (value !== null && typeof value === 'object')) return [];
  const pattern = VALUES[name] ?? (NUMBERS.includes(name) ? /^\d+$/ : /./);
  if (!pattern.test(String(value))) return [`${space}: ${name} cannot be ${value}`];
  return name === 'DeregistrationDelay' && Number(value) < DRAIN_SECONDS ? [`${space}: ${name} is less than our drain`] : [];
}

// Option settings as rows { space, name, value }.
export function optionCheck(rows) {
  const said = [];
  for (const { space, name, value } of rows) {
    const names = OPTIONS[space];
    if (!names) said.push(`there is no namespace ${space}`);
    else if (names[0] !== '*' && !names.includes(name)) said.push(`${space} has no option ${name}`);
    if (space === 'aws:elasticbeanstalk:application:environment' && SECRET.test(name) && value !== '')
      said.push(`${name} is a secret: its place is environmentsecrets`);
    if (rows.filter((r) => r.space === space && r.name === name).length > 1) said.push(`${space}: ${name} twice`);
    said.push(...valueCheck({ space, name, value }));
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

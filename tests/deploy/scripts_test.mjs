// scripts_test.mjs ROOT: the scripts of the deployment, with scripted peers in place of aws, docker
// and sleep: no account of anyone is touched, and nothing waits.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICES } from './read.mjs';
import { done, ok } from './tap.mjs';

const root = process.argv[2];
const work = mkdtempSync(join(tmpdir(), 'deploy-scripts-'));
const DIGEST = `sha256:${'a1'.repeat(32)}`;

// Each says what it was asked in $PEER/log. A line of $PEER/states is one answer about the
// environment, the last one for good; "-" is a call that fails. A version that is processed cannot be
// deployed meanwhile.
const PEERS = {
  sleep: 'exit 0\n',
  aws: `case "$1 $2" in
'elasticbeanstalk describe-environments')
  line=$(head -n 1 "$PEER/states")
  if [ "$(wc -l <"$PEER/states")" -gt 1 ]; then sed -i 1d "$PEER/states"; fi
  [ "$line" != - ] || exit 255
  echo "$line" | tr ' ' '\\t'
  exit 0 ;;
'elasticbeanstalk describe-application-versions') cat "$PEER/known"; exit 0 ;;
'elasticbeanstalk describe-events') exit 0 ;;
'elasticbeanstalk update-environment')
  for word; do case $word in v[0-9]) echo "update $word" >>"$PEER/log" ;; esac; done
  [ ! -e "$PEER/refuse" ] ;;
'elasticbeanstalk create-application-version')
  for word; do [ "$word" != --process ] || : >"$PEER/refuse"; done
  echo "$1 $2" >>"$PEER/log" ;;
*) echo "$1 $2" >>"$PEER/log" ;;
esac
`,
  docker: `case "$*" in
*--format*) cat "$PEER/digest" ;;
*'imagetools inspect'*) [ -e "$PEER/pushed" ] ;;
*'buildx build'*) for word; do case $word in */barnacle-*) echo "build $word" >>"$PEER/log" ;; esac; done ;;
*) exit 2 ;;
esac
`,
};

function peer(files) {
  const at = mkdtempSync(join(work, 'peer-'));
  for (const [name, text] of Object.entries(PEERS)) {
    writeFileSync(join(at, name), `#!/bin/sh\n${text}`);
    chmodSync(join(at, name), 0o755);
  }
  for (const [name, text] of Object.entries({ log: '', ...files })) writeFileSync(join(at, name), text);
  return at;
}

function run(script, args, at = work, env = {}) {
  const { status, stdout, stderr } = spawnSync('sh', [join(root, 'deploy', script), ...args], {
    env: { PATH: `${at}:${process.env.PATH}`, PEER: at, HOME: work, ...env }, encoding: 'utf8', timeout: 60000 });
  const log = existsSync(join(at, 'log')) ? readFileSync(join(at, 'log'), 'utf8').trim().split('\n').join(', ') : '';
  return { status, said: stdout + stderr, log };
}

const NEW = 's3 cp, elasticbeanstalk create-application-version';
const OK1 = 'v1 Ready Green', UP2 = 'v2 Updating Grey', RED2 = 'v2 Ready Red';
// What happens, the answers about the environment, what of versions is known, status, what was done.
const releases = [
  ['a version becomes healthy', [OK1, UP2, 'v2 Ready Green'], 'None', 0, `${NEW}, update v2`],
  ['the old one is still shown for a while', [OK1, OK1, OK1, UP2, 'v2 Ready Green'], 'None', 0, `${NEW}, update v2`],
  ['a call fails on the way', [OK1, '-', UP2, '-', 'v2 Ready Green'], 'None', 0, `${NEW}, update v2`],
  ['a version that is there is not uploaded again', [OK1, UP2, 'v2 Ready Green'], 'v2', 0, 'update v2'],
  ['one that stays red is taken back', [OK1, UP2, ...Array(12).fill(RED2), 'v1 Updating Grey', OK1], 'None', 3,
    `${NEW}, update v2, update v1`],
  ['yellow is not healthy', [OK1, UP2, ...Array(12).fill('v2 Ready Yellow'), OK1], 'None', 3,
    `${NEW}, update v2, update v1`],
  ['Beanstalk goes back by itself', [OK1, UP2, OK1], 'None', 3, `${NEW}, update v2`],
  ['it goes back before it was seen to begin', [OK1], 'None', 3, `${NEW}, update v2`],
  ['neither becomes healthy', [OK1, UP2, RED2], 'None', 4, `${NEW}, update v2, update v1`],
  ['the same version again, and red', ['v2 Ready Green', UP2, RED2], 'v2', 4, 'update v2'],
  ['there is no such environment', ['None None None'], 'None', 1, ''],
  ['the environment cannot be asked for', ['-'], 'None', 1, ''],
];
for (const [name, states, known, status, log] of releases) {
  const at = peer({ states: `${states.join('\n')}\n`, known: `${known}\n` });
  const got = run('release.sh', ['app', 'env', 'bucket', 'v2', 'bundle.zip'], at, { WAIT: '100', STEP: '10' });
  ok(got.status === status && got.log === log, `release: ${name}`, `status ${got.status}, wanted ${status}`, got.log, got.said);
}
{
  const at = peer({ states: `${OK1}\n`, known: 'v2\n', refuse: '' });
  const got = run('release.sh', ['app', 'env', 'bucket', 'v2', 'bundle.zip'], at);
  ok(got.status === 1 && got.log === 'update v2', 'release: Beanstalk refuses, and nothing was changed', got.said);
}
ok(run('release.sh', ['app']).status === 1, 'release: too few arguments');

const images = join(work, 'images.txt');
const list = (services, image = (s) => `example.com/barnacle-${s}@${DIGEST}`) =>
  services.map((s) => `${s} ${image(s)}\n`).join('');
// What is asked, kind, the list, out, role, status, what is said.
const bundles = [
  ['the four by digest', 'eb-ecs', list(SERVICES), 'b1', 'arn:aws:iam::123456789012:role/x', 0, /^$/],
  ['a zip', 'eb-compose', list(SERVICES), 'b2.zip', '', 0, /^$/],
  ['one image of four', 'eb-single', list(SERVICES), 'b3', '', 0, /^$/],
  ['a tag', 'eb-ecs', list(SERVICES, (s) => `example.com/barnacle-${s}:1`), 'b4', '', 1, /has no digest/],
  ['a digest that is cut', 'eb-ecs', list(SERVICES, (s) => `example.com/${s}@${DIGEST.slice(0, -1)}`), 'b5', '', 1, /has no digest/],
  ['a list without api', 'eb-ecs', list(['router', 'web', 'worker']), 'b6', '', 1, /API_IMAGE[^]*does not name/],
  ['a kind that is not there', 'eb-docker', list(SERVICES), 'b7', '', 1, /no kind eb-docker/],
];
for (const [name, kind, text, out, role, status, said] of bundles) {
  writeFileSync(images, text);
  const got = run('bundle.sh', [kind, images, join(work, out), role]);
  ok(got.status === status && said.test(got.said), `bundle: ${name}`, `status ${got.status}`, got.said);
}
{
  const text = readFileSync(join(work, 'b1/Dockerrun.aws.json'), 'utf8');
  const made = JSON.parse(text);
  ok(made.containerDefinitions.every((c) => c.image === `example.com/barnacle-${c.name}@${DIGEST}`),
    'bundle: each container has its own image', text);
  ok(made.executionRoleArn === 'arn:aws:iam::123456789012:role/x', 'bundle: the role', text);
  ok(existsSync(join(work, 'b1/.ebextensions/options.config')), 'bundle: the options, in a folder with a dot');
  writeFileSync(images, list(SERVICES));
  run('bundle.sh', ['eb-ecs', images, join(work, 'b8')]);
  ok(!('executionRoleArn' in JSON.parse(readFileSync(join(work, 'b8/Dockerrun.aws.json'), 'utf8'))),
    'bundle: without a role there is no line for one');
  run('bundle.sh', ['eb-compose', images, join(work, 'b9.zip')]);
  ok(readFileSync(join(work, 'b2.zip')).equals(readFileSync(join(work, 'b9.zip'))), 'bundle: the same bytes again');
  const names = spawnSync('unzip', ['-Z1', join(work, 'b9.zip')], { encoding: 'utf8' }).stdout;
  ok(names === '.ebextensions/options.config\ndocker-compose.yml\n', 'bundle: only what Beanstalk reads', names);
}

const builds = SERVICES.map((s) => `build example.com/barnacle-${s}:c0ffee`).join(', ');
// What is the case, the files of the peer, status, what was done, is there a list.
const pushes = [
  ['nothing is there yet', { digest: `${DIGEST}\n` }, 0, builds, true],
  ['all is there', { digest: `${DIGEST}\n`, pushed: '' }, 0, '', true],
  ['the registry names no digest', { digest: 'unknown\n' }, 1, builds.split(', ')[0], false],
];
mkdirSync(join(work, 'out'));
for (const [name, files, status, log, there] of pushes) {
  const at = peer(files), out = join(at, 'images.txt');
  const got = run('push.sh', ['example.com', 'c0ffee', out], at, { SOURCE_DATE_EPOCH: '1' });
  const made = existsSync(out) ? readFileSync(out, 'utf8') : null;
  ok(got.status === status && got.log === log && made === (there ? list(SERVICES) : null), `push: ${name}`, got.said, got.log, made);
}

rmSync(work, { recursive: true });
done();

// lint.mjs ROOT: every file of the deployment by the check of its kind. Prints a line for each
// mistake; status 1 when there is one.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { checkDockerrun, checkEbextension } from './beanstalk.mjs';
import { checkTravis, checkWorkflow } from './ci.mjs';
import { checkTemplate, stackNames } from './cloudformation.mjs';
import { checkCompose } from './compose.mjs';
import { checkKustomization, checkObjects } from './kubernetes.mjs';
import { checkDocument } from './document.mjs';
import { checkDashboard, checkRules } from './metrics.mjs';
import { SERVICES, readJson, readYaml } from './read.mjs';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const ROLE = 'arn:aws:iam::123456789012:role/execution';

// What bundle.sh makes of a template with [text] in place of the file, for its texts are the ones
// that Beanstalk reads.
export function filled(root, kind, file, text) {
  const work = mkdtempSync(join(tmpdir(), 'lint-deploy-'));
  try {
    writeFileSync(join(work, 'images'),
      SERVICES.map((s) => `${s} registry.example.com/barnacle-${s}@${DIGEST}\n`).join(''));
    mkdirSync(join(work, kind));
    copyFileSync(join(root, 'deploy/bundle.sh'), join(work, 'bundle.sh'));
    writeFileSync(join(work, kind, file), text);
    const run = [join(work, 'bundle.sh'), kind, join(work, 'images'), join(work, 'out'), ROLE];
    execFileSync('sh', run, { stdio: ['ignore', 'ignore', 'pipe'] });
    return readFileSync(join(work, 'out', file), 'utf8');
  } finally {
    rmSync(work, { recursive: true });
  }
}

const templates = (root) => ['deploy/aws', 'deploy/ecs'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => join(folder, name)));

const overlay = (root) => (path) => readFileSync(join(root, path), 'utf8');

// The kinds: what a path looks like, and its check. The first that fits is taken.
const KINDS = [
  [/^deploy\/(aws|ecs)\/[^/]+\.yaml$/, (root, path, text) => checkTemplate(root, text,
    templates(root).flatMap((p) => stackNames(p === path ? text : overlay(root)(p)).exports))],
  [/^deploy\/(eb-[a-z]+)\/Dockerrun\.aws\.json$/, (root, path, text) => {
    readJson(text);
    return checkDockerrun(root, filled(root, path.split('/')[1], 'Dockerrun.aws.json', text));
  }],
  [/^deploy\/eb-compose\/docker-compose\.yml$/, (root, path, text) => {
    const said = checkCompose(root, filled(root, 'eb-compose', 'docker-compose.yml', text));
    return /^\s*image:(?!.*@[A-Z]+_IMAGE@)/m.test(text) ? [...said, 'an image that bundle.sh does not put in'] : said;
  }],
  [/^deploy\/eb-[a-z]+\/\.ebextensions\/[^/]+\.config$/, (root, path, text) => checkEbextension(root, text)],
  [/^deploy\/own\/docker-compose\.yml$|^compose\.yaml$/, (root, path, text) => checkCompose(root, text)],
  [/^compose\.[a-z]+\.yaml$/, (root, path, text) => checkCompose(root, text, { whole: false })],
  [/^deploy\/k8s\/.*\/kustomization\.yaml$/, (root, path, text) => checkKustomization(root, path,
    (p) => (p === path ? text : overlay(root)(p)))],
  [/^deploy\/k8s\/.*\.yaml$/, (root, path, text) => {
    const said = checkObjects(text), kustomization = join(dirname(path), 'kustomization.yaml');
    return said.length ? said
      : checkKustomization(root, kustomization, (p) => (p === path ? text : overlay(root)(p)));
  }],
  [/^\.github\/workflows\/[^/]+\.yml$/, (root, path, text) => checkWorkflow(root, text, path)],
  [/^\.travis\.yml$/, (root, path, text) => checkTravis(root, text)],
  [/^deploy\/grafana\/[^/]+\.json$/, (root, path, text) => checkDashboard(root, text)],
  [/^deploy\/prometheus\/[^/]+\.yaml$/, (root, path, text) => checkRules(root, text)],
  [/\.md$/, checkDocument],
  [/\.json$/, (root, path, text) => (readJson(text), [])],
  [/^deploy\/.*\.ya?ml$/, (root, path, text) => (readYaml(text), [])],
  [/\.sh$|^deploy\/own\/\.env\.example$/, () => []], // shellcheck's; the compose file's names
];

// Messages for the file at [path] below [root], with [text] for what it holds.
export async function checkFile(root, path, text = readFileSync(join(root, path), 'utf8')) {
  const kind = KINDS.find(([pattern]) => pattern.test(path));
  if (!kind) return ['nobody knows how to check this'];
  try {
    return await kind[1](root, path, text);
  } catch (error) {
    return [(error.stderr?.length ? String(error.stderr) : error.message).trim()];
  }
}

export function deployFiles(root) {
  const below = (folder) => (existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true }) : [])
    .filter((e) => e.isFile()).map((e) => relative(root, join(e.parentPath ?? e.path, e.name)));
  const top = readdirSync(root).filter((n) => /^(\.travis\.yml|(docker-)?compose.*\.ya?ml)$/.test(n));
  return [...below('deploy'), ...below('.github'), ...top].sort();
}

if (basename(process.argv[1]) === 'lint.mjs') {
  const root = process.argv[2], files = deployFiles(root);
  let mistakes = 0;
  for (const path of files)
    for (const message of await checkFile(root, path)) {
      mistakes++;
      console.log(`${path}: ${message}`);
    }
  console.log(`lint-deploy: ${files.length} files, ${mistakes} mistakes`);
  process.exit(mistakes ? 1 : 0);
}

// A document of the deployment: names of files and metrics, and commands for stacks.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkMetricNames } from './metrics.mjs';
import { readYaml } from './read.mjs';

const anchor = (heading) => heading.toLowerCase().replace(/[^a-z0-9 -]/g, '').replaceAll(' ', '-');

// Every stack that a command makes: { name, template, words } with what follows the template.
const stacksOf = (text) => [...text.matchAll(/--stack-name (\S+)\s+(?:\\\n\s*)?--template-file (\S+)([^]*?)(?=\n\n|\n```|$)/g)]
  .map(([, name, template, words]) => ({ name, template, words }));

function checkStacks(root, text, said) {
  const stacks = stacksOf(text), templates = new Map();
  for (const { name, template, words } of stacks) {
    const { Parameters = {}, Resources, Outputs = {} } = readYaml(readFileSync(join(root, template), 'utf8'))[0];
    templates.set(name, Outputs);
    const given = [...(words.split('--parameter-overrides')[1] ?? '').matchAll(/\b([A-Za-z]+)=/g)].map((m) => m[1]);
    for (const parameter of given)
      if (!(parameter in Parameters)) said.push(`${template} has no parameter ${parameter}`);
    for (const [parameter, { Default }] of Object.entries(Parameters))
      if (Default === undefined && !given.includes(parameter)) said.push(`${name}: ${template} wants ${parameter}`);
    if (Object.values(Resources).some((r) => r.Type.startsWith('AWS::IAM::')) !== words.includes('CAPABILITY_IAM'))
      said.push(`${name}: CAPABILITY_IAM is for templates with roles`);
  }
  for (const [, stack, name] of text.matchAll(/\boutput ([a-z-]+) ([A-Z]\w*)/g))
    if (!(name in (templates.get(stack) ?? {}))) said.push(`the stack ${stack} has no output ${name}`);
}

// Messages for what names something that is not there.
export function checkDocument(root, path, text) {
  const said = checkMetricNames(root, text);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, h]) => anchor(h));
  for (const [, to] of text.matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g))
    if (!existsSync(join(root, dirname(path), to))) said.push(`there is no ${to}`);
  for (const [, to] of text.matchAll(/\]\(#([^)]+)\)/g))
    if (!headings.includes(to)) said.push(`there is no heading ${to}`);
  for (const [, to] of text.matchAll(/`?((?:deploy|docker|scripts|\.github)\/[A-Za-z0-9_./-]*[A-Za-z0-9_-])/g))
    if (!existsSync(join(root, to))) said.push(`there is no ${to}`);
  checkStacks(root, text, said);
  return said;
}

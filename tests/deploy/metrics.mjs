// What is watched: dashboards of Grafana and alerts of Prometheus. Each expression by Prometheus's own
// grammar, and each name by the sources of the services.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { memo, readJson, readYaml, schemaCheck, walk } from './read.mjs';

const LABELS = ['job', 'instance', 'le']; // Prometheus's own, and of histograms
const OURS = /^(barnacle_|process_)/;

// Every text of the sources that is a name: of metrics, most without their prefix, and of labels, some
// with their values behind.
const knownNames = memo((root) => {
  const known = new Set();
  for (const entry of readdirSync(join(root, 'src/services'), { recursive: true }))
    if (/\.[ch]$/.test(entry))
      for (const [, name, whole] of readFileSync(join(root, 'src/services', entry), 'utf8')
        .matchAll(/"([a-z][a-z0-9_]*)["=]|# TYPE ([a-z][a-z0-9_]*)/g)) known.add(name ?? whole);
  return known;
});

const isMetric = (known, name) => OURS.test(name) &&
  [name, name.replace(/_(bucket|sum|count)$/, '')].some((n) => known.has(n) || known.has(n.replace('barnacle_', '')));

// Messages for an expression.
export function checkExpression(root, text) {
  const known = knownNames(root), said = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const word = text.slice(node.from, node.to);
      if (node.type.isError) said.push(`${text}: a mistake at ${node.from}`);
      else if (node.name === 'Identifier' && node.matchContext(['VectorSelector']) && !isMetric(known, word))
        said.push(`there is no metric ${word}`);
      else if (node.name === 'LabelName' && !LABELS.includes(word) && !known.has(word))
        said.push(`there is no label ${word}`);
    },
  });
  return said;
}

const text = { type: 'string', minLength: 1 };
const only = (properties, required = Object.keys(properties)) =>
  ({ type: 'object', additionalProperties: false, properties, required });
const list = (items) => ({ type: 'array', items, minItems: 1 });
const duration = { type: 'string', pattern: '^[0-9]+[smhd]$' };

// "Alerting rules" of Prometheus's documentation.
const rules = schemaCheck(only({
  groups: list(only({
    name: text,
    rules: list(only({
      alert: { type: 'string', pattern: '^[A-Z][A-Za-z]+$' },
      expr: text,
      for: duration,
      labels: only({ severity: { enum: ['page', 'ticket'] } }),
      annotations: only({ summary: text, description: text }, ['summary']),
    })),
  })),
}));

export function checkRules(root, given) {
  const [doc] = readYaml(given), said = rules(doc);
  if (said.length) return said;
  const all = doc.groups.flatMap((g) => g.rules);
  all.forEach((r, i) => all.findIndex((s) => s.alert === r.alert) !== i && said.push(`${r.alert} twice`));
  return [...said, ...all.flatMap((r) => checkExpression(root, r.expr))];
}

// Of a dashboard what breaks silently: no data, or one panel over another.
export function checkDashboard(root, given) {
  const said = [], doc = readJson(given), ids = new Set();
  walk(doc, (v) => {
    if (typeof v?.expr === 'string') said.push(...checkExpression(root, v.expr));
  });
  for (const p of doc.panels) {
    if (ids.has(p.id)) said.push(`panel ${p.id} twice`);
    ids.add(p.id);
    const over = (q) => q !== p && p.gridPos.x < q.gridPos.x + q.gridPos.w && q.gridPos.x < p.gridPos.x + p.gridPos.w &&
      p.gridPos.y < q.gridPos.y + q.gridPos.h && q.gridPos.y < p.gridPos.y + p.gridPos.h;
    if (doc.panels.some(over)) said.push(`panel "${p.title}" lies over another`);
  }
  return said;
}

// Names of metrics in a document.
export function checkMetricNames(root, given) {
  const known = knownNames(root);
  return [...given.matchAll(/`(barnacle_[a-z_]+)/g)].map(([, name]) => name)
    .filter((name) => !isMetric(known, name)).map((name) => `there is no metric ${name}`);
}

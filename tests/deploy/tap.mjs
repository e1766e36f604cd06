// The Test Anything Protocol, for `prove`.
let count = 0, failed = 0;

export function ok(good, name, ...notes) {
  count++;
  if (!good) failed++;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (!good) for (const note of notes) console.log(`# ${String(note).replaceAll('\n', '\n# ')}`);
}

export function done() {
  console.log(`1..${count}`);
  process.exit(failed ? 1 : 0);
}

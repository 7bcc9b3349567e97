// Pages that every daemon of Hadoop serves: /stacks and /logLevel. The words are Hadoop's where scripts read them.
import { escapeXml } from '../config/xml.ts';
import type { Host, HttpResponse, LogThreshold } from '../host/host.ts';
import type { RouteHandler } from './server.ts';

const MARKER = '<!-- OUTPUT -->';
const FORMS = `
<br /><hr /><h3>Get / Set</h3>
<form>Class Name: <input type='text' size='50' name='log' /> <input type='submit' value='Get Log Level' /></form>
<form>Class Name: <input type='text' size='50' name='log' /> Level: <input type='text' name='level' /> <input type='submit' value='Set Log Level' /></form>`;

const THRESHOLDS: Readonly<Record<string, LogThreshold>> = {
  ALL: 'all',
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
  OFF: 'off',
};

/** A logger is a component of ours; of a Java class, the one that bears its name. */
const componentOf = (name: string): string => name.replace(/^.*[.$]/, '').toLowerCase();

function logLevelResults(host: Host, name: string, level: string): string[] {
  const lines = [
    '<br /><hr /><h3>Results</h3>',
    `${MARKER}Submitted Class Name: <b>${escapeXml(name)}</b><br />`,
    `${MARKER}Log Class: <b>tuskfs</b><br />`,
  ];
  const { levels } = host.log;
  if (level !== '') {
    lines.push(`${MARKER}Submitted Level: <b>${escapeXml(level)}</b><br />`);
    const upper = level.toUpperCase();
    const known = Object.hasOwn(THRESHOLDS, upper) ? THRESHOLDS[upper] : undefined;
    if (known === undefined) lines.push(`${MARKER}Bad Level : <b>${escapeXml(level)}</b><br />`);
    else if (levels?.set(componentOf(name), known) === true) {
      lines.push(`${MARKER}Setting Level to ${escapeXml(level)} ...<br />`);
    } else if (levels !== undefined) {
      lines.push(`${MARKER}The level is not set: the name is too long, or the levels of too many were set<br />`);
    }
  }
  if (levels === undefined) lines.push('Sorry, the levels of this log cannot be set.<br />');
  else lines.push(`${MARKER}Effective Level: <b>${levels.of(componentOf(name)).toUpperCase()}</b><br />`);
  return lines;
}

export function logLevel(host: Host): RouteHandler {
  return ({ query }): HttpResponse => {
    const given = (parameter: string): string => query.get(parameter)?.trim() ?? '';
    const name = given('log');
    const results = name === '' ? [''] : logLevelResults(host, name, given('level'));
    const body = [
      '<html>',
      '<title>Log Level</title>',
      '<body>',
      '<h1>Log Level</h1>',
      '',
      ...results,
      FORMS,
      '<hr />',
      '</body></html>',
      '',
    ];
    return {
      status: 200,
      headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' },
      body: body.join('\n'),
    };
  };
}

/** One thread runs everything; what it waits for stands where Java would list more of them. */
export function stacks({ machine }: Host): string {
  const frames = (new Error('stacks').stack ?? '').split('\n').slice(1);
  const waits = Object.entries(machine.activity()).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    'Process Thread Dump: ',
    '1 active threads',
    'Thread 1 (main):',
    '  State: RUNNABLE',
    '  Stack:',
    ...frames.map((frame) => `    ${frame.trim().replace(/^at /, '')}`),
    '',
    'The thread waits for:',
    ...waits.map(([kind, count]) => `  ${kind}: ${count}`),
    '',
  ].join('\n');
}

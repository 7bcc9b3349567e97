// How the start of a NameNode is shown: the answer of /startupProgress, its bean, a part of the page, and the answers of
// pages that ask the namespace while there is none yet.
import { javaFloat } from '../../base/java-number.ts';
import type { HttpResponse } from '../../host/host.ts';
import type { Bean } from '../../web/jmx.ts';
import { JavaDouble, type JmxValue } from '../../web/json.ts';
import { formatBytes, type StatusPage, type StatusTable } from '../../web/page.ts';
import { type Route, text } from '../../web/server.ts';
import { writeJson } from '../../webhdfs/java-json.ts';
import { FSCK_PATH } from './fsck/route.ts';
import { IMAGE_TRANSFER_PATH } from './image-transfer/parameters.ts';
import type { StartupProgress, StartupView } from './startup-progress.ts';

/** Portions are floats in Java: 1.0, 0.33333334. */
const float = (portion: number): JavaDouble => new JavaDouble(Number(javaFloat(Math.fround(portion))));

function startupJson({ elapsedTime, percentComplete, phases }: StartupView): string {
  return writeJson({
    elapsedTime,
    percentComplete: float(percentComplete),
    phases: phases.map((phase) => ({
      ...phase,
      percentComplete: float(phase.percentComplete),
      steps: phase.steps.map((step) => ({ ...step, percentComplete: float(step.percentComplete) })),
    })),
  });
}

export function startupRoute(progress: StartupProgress): Route {
  const handler = (): HttpResponse => ({
    status: 200,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-cache' },
    body: startupJson(progress.view()),
  });
  return { method: 'GET', path: '/startupProgress', handler };
}

export function startupBean(progress: StartupProgress, hostName: string): Bean {
  const attributes = (): Readonly<Record<string, JmxValue>> => {
    const { phases, elapsedTime, percentComplete } = progress.view();
    const values: Record<string, JmxValue> = {
      'tag.Hostname': hostName,
      ElapsedTime: elapsedTime,
      PercentComplete: float(percentComplete),
    };
    for (const phase of phases) {
      values[`${phase.name}Count`] = phase.steps.reduce((sum, { count }) => sum + count, 0);
      values[`${phase.name}ElapsedTime`] = phase.elapsedTime;
      values[`${phase.name}Total`] = phase.steps.reduce((sum, { total }) => sum + total, 0);
      values[`${phase.name}PercentComplete`] = float(phase.percentComplete);
    }
    return values;
  };
  return { name: 'Hadoop:service=NameNode,name=StartupProgress', modelerType: 'StartupProgress', attributes };
}

const percent = (portion: number): string => `${Math.floor(portion * 100)} %`;

export function startupTable(progress: StartupProgress): StatusTable {
  return {
    anchor: 'tab-startup-progress',
    title: 'Start',
    columns: ['Phase', 'State', 'Done', 'Time', 'File', 'Size'],
    rows: progress
      .view()
      .phases.map(({ desc, status, percentComplete, elapsedTime, file, size }) => [
        desc,
        status.toLowerCase(),
        percent(percentComplete),
        `${(elapsedTime / 1000).toFixed(1)} s`,
        file ?? '',
        size === undefined ? '' : formatBytes(size),
      ]),
  };
}

const LOADING = 'The namespace is being loaded.';

/** What probes and people are told until the namespace is there. */
export const startupTip = (progress: StartupProgress): string =>
  `${LOADING} ${percent(progress.view().percentComplete)} of the start is done.`;

/** Pages that need no namespace. */
export const ALWAYS_LINKED = [
  ['/logs/', 'Logs'],
  ['/logLevel', 'Log level'],
  ['/jmx', 'JMX'],
  ['/prom', 'Metrics'],
  ['/conf', 'Configuration'],
  ['/stacks', 'Stack'],
] as const;

export function startupPage(title: string, progress: StartupProgress): StatusPage {
  return {
    title,
    facts: [['Health', startupTip(progress)]],
    tables: [startupTable(progress)],
    links: ALWAYS_LINKED,
  };
}

/**
 * The pages that ask the namespace, while there is none. Statuses are those by which who asks Hadoop's decides: a balancer
 * of load looks elsewhere, and a secondary comes again.
 */
export function startupRefusals(progress: StartupProgress): readonly Route[] {
  const tip = (): HttpResponse => text(503, `${startupTip(progress)}\n`);
  const noImage = (): HttpResponse => {
    const reason = 'NameNode initialization not yet complete. FSImage has not been set in the NameNode.';
    return { ...text(403, `${reason}\n`), reason };
  };
  return [
    { method: 'GET', path: '/isActive', handler: () => text(405, 'not active') },
    ...['/topology', FSCK_PATH].map((path): Route => ({ method: 'GET', path, handler: tip })),
    ...(['GET', 'PUT'] as const).map((method): Route => ({ method, path: IMAGE_TRANSFER_PATH, handler: noImage })),
  ];
}

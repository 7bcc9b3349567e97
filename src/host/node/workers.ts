// Runs registered tasks. All of them run in the main thread today, one after another and each in a turn of its own, with
// a bound on how many may wait: what they compute is the same, only the caller's turn is held while one runs.
import { HdfsError } from '../../base/errors.ts';
import type { Workers } from '../host.ts';
import type { TaskTable } from '../tasks.ts';

/** Most tasks that wait at once. */
const MAX_WAITING_TASKS = 1024;

export function inlineWorkers(tasks: TaskTable): Workers {
  let waiting = 0;
  return {
    parallelism: 1,
    run<Input, Output>(name: string, input: Input): Promise<Output> {
      const task = tasks[name] as ((input: Input) => Output | Promise<Output>) | undefined;
      if (task === undefined) return Promise.reject(new HdfsError('EINVAL', `no task of the name ${name}`));
      if (waiting >= MAX_WAITING_TASKS) {
        return Promise.reject(new HdfsError('ERETRY', `more than ${MAX_WAITING_TASKS} tasks wait for a worker`));
      }
      waiting++;
      return new Promise<Output>((resolve, reject) => {
        setImmediate(() => {
          waiting--;
          try {
            resolve(task(input));
          } catch (error) {
            reject(error);
          }
        });
      });
    },
  };
}

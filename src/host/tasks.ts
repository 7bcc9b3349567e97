// The tasks that workers can run, by name. A task is a plain function of its input: it shares no memory with the caller.
export type Task = (input: never) => unknown;
export type TaskTable = Readonly<Record<string, Task>>;

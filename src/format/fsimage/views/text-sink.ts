// Where an offline view of an image writes its text.
export interface TextSink {
  /** Queues text. */
  put(text: string): void;
  /** Waits until little enough is queued. */
  flush(): Promise<void>;
}

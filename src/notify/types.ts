/** What the service manager is told about the controller itself. Without one that listens, nothing happens. */
export interface Notifier {
  /** Started up: `systemctl start` returns. Resolves when it has been told, or could not be. */
  ready(status: string): Promise<void>;
  /** The line that `systemctl status` shows; the same one again is not sent. */
  status(text: string): void;
  /** Shutting down. Resolves when it has been told, or could not be. */
  stopping(): Promise<void>;
  /**
   * Tells that the controller is alive, as often as the watchdog asks, while `check` says so. Nothing without a watchdog.
   *
   * @param check cheap and without side effects; a throw counts as false
   * @returns stops telling
   */
  startWatchdog(check: () => boolean): () => void;
}

// Live changes by EventSource (RFC 8620 §7.3). The browser connects again by itself after a short break; where it gives up, or hears nothing, we do.
import type { Session, StateChange } from "./records";

const PING_SECONDS = 60;
const SILENCE_MS = PING_SECONDS * 2500; // without a ping: the other end is gone, and nobody has said so
const AGAIN_MS = [1000, 2000, 5000, 15000, 30000];

export class Push {
  private source: EventSource | null = null;
  private failures = 0;
  private timer = 0; // until the next attempt, or until the silence has been too long

  constructor(
    private readonly session: Session,
    private readonly onChange: (change: StateChange) => void,
    private readonly onLive: (live: boolean) => void,
  ) {}

  start(): void {
    const url = this.session.eventSourceUrl
      .replace("{types}", "*")
      .replace("{closeafter}", "no")
      .replace("{ping}", String(PING_SECONDS));
    const at = new URL(url, location.href);
    const source = new EventSource(at.pathname + at.search);
    source.addEventListener("open", () => {
      this.failures = 0;
      this.onLive(true);
    });
    source.addEventListener("state", (event) => this.onChange(JSON.parse((event as MessageEvent<string>).data) as StateChange));
    source.addEventListener("error", () => {
      this.onLive(false);
      if (source.readyState === EventSource.CLOSED) this.again();
    });
    for (const name of ["open", "state", "ping"]) source.addEventListener(name, () => this.heard());
    this.source = source;
    this.heard();
  }

  private heard(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.source?.close();
      this.onLive(false);
      this.again();
    }, SILENCE_MS);
  }

  private again(): void {
    window.clearTimeout(this.timer);
    const wait = AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)] ?? 30000;
    this.timer = window.setTimeout(() => this.start(), wait);
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}

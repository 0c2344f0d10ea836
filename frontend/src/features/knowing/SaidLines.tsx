// Lines of a dialogue as they went over the wire, with arrows; double ones are encrypted.
import { t } from "../../i18n/words";
import { Explained } from "./Explained";
import type { SaidEvent, SaidLine } from "./records";

export function SaidLines({ said, peer }: { said: SaidEvent; peer: string }) {
  return (
    <>
      {said.lines.map((line, index) => (
        <li class={`event said ${line.by}`} key={index}>
          <Explained meaning={line.meaning}>
            <span class="arrow" role="img" aria-label={spoken(line, peer)} title={spoken(line, peer)}>{arrow(line)}</span>
            <code dir="ltr">{line.text || " "}</code>
          </Explained>
        </li>
      ))}
      {said.left > 0 && <li class="event note">{t("journey.left", { count: said.left })}</li>}
    </>
  );
}

function arrow(line: SaidLine): string {
  if (line.by === "us") return line.tls ? "⇒" : "→";
  return line.tls ? "⇐" : "←";
}

function spoken(line: SaidLine, peer: string): string {
  const who = line.by === "us" ? t("journey.server") : peer || t("journey.peer");
  return t(line.tls ? "journey.says-encrypted" : "journey.says", { who });
}

// Plain text, with its links, and what was quoted at the end folded away.
import { t } from "../i18n/words";
import { mailLink } from "./mail_links";
import { type Block, type Piece, blocksOf } from "./text_lines";

export function TextBody({ text }: { text: string }) {
  const blocks = blocksOf(text);
  return (
    <div class="body text" dir="auto">
      {blocks.length === 0 && <p class="none">{t("message.empty")}</p>}
      {blocks.map((block, index) => (
        <TextBlock key={index} block={block} folded={index === blocks.length - 1 && index > 0} />
      ))}
    </div>
  );
}

function TextBlock({ block, folded }: { block: Block; folded: boolean }) {
  if (block.kind !== "quote") return <div class={block.kind}>{block.pieces.map(piece)}</div>;
  const quote = (
    <blockquote>
      {block.blocks.map((one, index) => (
        <TextBlock key={index} block={one} folded={false} />
      ))}
    </blockquote>
  );
  if (!folded) return quote;
  return (
    <details class="quoted">
      <summary aria-label={t("message.quoted")} title={t("message.quoted")}>
        •••
      </summary>
      {quote}
    </details>
  );
}

function piece(one: Piece, index: number) {
  if (!("href" in one)) return one.text;
  if (one.href.startsWith("mailto:")) return <a key={index} href={mailLink(one.href)}>{one.text}</a>;
  return (
    <a key={index} href={one.href} target="_blank" rel="noopener noreferrer">
      {one.text}
    </a>
  );
}

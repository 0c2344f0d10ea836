// Text in pieces, every other one marked.
export function MarkedText({ pieces }: { pieces: readonly string[] }) {
  return <>{pieces.map((piece, index) => (index % 2 ? <mark key={index}>{piece}</mark> : piece))}</>;
}

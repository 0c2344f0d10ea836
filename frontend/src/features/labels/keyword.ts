// The keyword that stands for a label: of the signs that RFC 9051 lets a keyword have, and that the query language reads. Pure.

/** Like the name where that is possible, and in any case one that is not `taken`. */
export function keywordOf(name: string, taken: (keyword: string) => boolean): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  const wanted = plain || `label-${[...name].reduce((sum, char) => (sum * 31 + char.codePointAt(0)!) % 1_000_003, 7)}`;
  let keyword = wanted;
  for (let count = 2; taken(keyword); count++) keyword = `${wanted}-${count}`;
  return keyword;
}

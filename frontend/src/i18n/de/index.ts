// The catalogue of this language as one file, fetched when it is spoken.
import type { Catalogue } from "../words";

export default Object.assign({}, ...Object.values(import.meta.glob<Catalogue>("./*.json", { eager: true, import: "default" }))) as Catalogue;

// The beginning of everything: the page, and the question who is signed in.
import { render } from "preact";
import "./styles/index.css";
import { bring } from "./features/present";
import { FEATURES } from "./features/table";
import { App } from "./views/App";
import { speakChosen } from "./state/language";
import { look } from "./state/session";
import "./state/theme";
import { keepTitle } from "./state/title";

bring(FEATURES);
const root = document.getElementById("app");
const asked = look();
await speakChosen();
keepTitle();
if (root) render(<App />, root);
await asked;

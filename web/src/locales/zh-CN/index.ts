import type en from "../en";
import type { Same } from "../same";
import common from "./common.json";
import create from "./create.json";
import failures from "./failures.json";
import shell from "./shell.json";

const words: Same<typeof en> = { common, create, failures, shell };

export default words as typeof en;

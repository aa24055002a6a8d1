import type en from "../en";
import type { Same } from "../same";
import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import queue from "./queue.json";
import shell from "./shell.json";

const words: Same<typeof en> = { common, create, entry, failures, queue, shell };

export default words as typeof en;

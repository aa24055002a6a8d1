import account from "./account.json";
import channels from "./channels.json";
import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import library from "./library.json";
import queue from "./queue.json";
import shell from "./shell.json";

export default { account, channels, common, create, entry, failures, library, queue, shell };

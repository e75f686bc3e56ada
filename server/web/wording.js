/**
 * The page's own words around an answer, in the language of the answer.
 *
 * @import { Turn } from "./types.js"
 *
 * @typedef {"en" | "zh"} Language
 */

/** @param {string} text @returns {Language} */
export const languageOfText = (text) => (/\p{Script=Han}/u.test(text) ? "zh" : "en");

/** @param {string} language as a route names it @returns {Language} */
export const knownLanguage = (language) => (language === "zh" ? "zh" : "en");

const ENGLISH = {
  routedTo: "Routed to ",
  decidedBy: "Decided by",
  reason: "Reason",
  operations: "Operations",
  language: "Language",
  steps: "Steps",
  progress: "Progress",
  sending: "Sending",
  reconnecting: "Connection lost, reconnecting",
  stopping: "Stopping",
  starting: "Starting",
  stepDone: " done",
  stepNow: " in progress",
  tool: "Tool",
  running: "running",
  done: "done",
  failed: "failed",
  waits: "waits for an approval",
  arguments: "Arguments",
  result: "Result",
  error: "Error",
  draftNow: "draft, being checked",
  draft: "The model's draft, before it was checked",
  notice: "Notice",
  sources: "Sources",
  sourceUnknown: "not yet known",
  stopped: "Stopped before it was complete.",
  interrupted: "The hub was stopped before it was complete.",
  unanswered: "The hub stopped before it answered.",
  tryAgain: "Try again",
  copy: "Copy",
  copied: "Copied",
  copyRefused: "Copying is not allowed here",
  copyAnswer: "Copy the answer as Markdown",
  copyBlock: "Copy this text",
  fork: "Fork",
  forkTitle: "Fork: go on from here in a new thread",
  propose: "To be done",
  yes: "Yes",
  no: "No",
  choose: "Choices",
  approvalWaits: "Waiting for an approval",
  approve: "Approve",
  reject: "Reject",
  goOn: "Go on",
  changes: "What changes",
  whoElse: "You asked for this, so somebody else has to decide: it takes four eyes.",
  agreedAlready: "You have agreed; somebody else has to agree, too.",
  noRight: "You may not decide this: it needs the right approvals:decide, or a delegation.",
  failedShort: "Failed",
  stoppedShort: "Stopped",
  interruptedShort: "Interrupted",
};

/** @type {typeof ENGLISH} */
const CHINESE = {
  routedTo: "转给 ",
  decidedBy: "依据",
  reason: "理由",
  operations: "操作",
  language: "语言",
  steps: "步骤",
  progress: "进度",
  sending: "正在发送",
  reconnecting: "连接中断，正在重新连接",
  stopping: "正在停止",
  starting: "开始",
  stepDone: " 完成",
  stepNow: " 进行中",
  tool: "操作",
  running: "进行中",
  done: "完成",
  failed: "失败",
  waits: "等待审批",
  arguments: "参数",
  result: "结果",
  error: "错误",
  draftNow: "草稿，正在核对",
  draft: "模型核对之前的草稿",
  notice: "提示",
  sources: "来源",
  sourceUnknown: "尚未确定",
  stopped: "在完成之前已停止。",
  interrupted: "在完成之前，服务已停止。",
  unanswered: "服务在回答之前已停止。",
  tryAgain: "重试",
  copy: "复制",
  copied: "已复制",
  copyRefused: "此处不允许复制",
  copyAnswer: "以 Markdown 复制回答",
  copyBlock: "复制这段文字",
  fork: "分支",
  forkTitle: "分支：从这里在新对话中继续",
  propose: "待确认",
  yes: "是",
  no: "不要",
  choose: "可选项",
  approvalWaits: "等待审批",
  approve: "批准",
  reject: "拒绝",
  goOn: "继续",
  changes: "将要改变的内容",
  whoElse: "这是您自己请求的，须由另一个人决定（四眼原则）。",
  agreedAlready: "您已经同意；还须另一个人同意。",
  noRight: "您不能决定这件事：需要 approvals:decide 权限，或他人的委托。",
  failedShort: "失败",
  stoppedShort: "已停止",
  interruptedShort: "已中断",
};

const WORDS = { en: ENGLISH, zh: CHINESE };

/** @param {Language} language @returns {typeof ENGLISH} */
export const wording = (language) => WORDS[language];

/** @param {Turn} turn @returns {typeof ENGLISH} */
export const wordsFor = (turn) => WORDS[turn.language];

/** @param {string} name @param {Record<Language, Record<string, string>>} table @param {Language} language */
export const named = (name, table, language) => table[language][name] ?? table.en[name];

/** @param {Language} language @param {number} count */
export const answerReady = (language, count) =>
  language === "zh"
    ? `回答完成，${count} 个来源`
    : `Answer ready, ${count} ${count === 1 ? "source" : "sources"}`;

/** @param {Language} language @param {number} number @param {string} where */
export const sourceName = (language, number, where) =>
  language === "zh" ? `来源 ${number}：${where}` : `Source ${number}: ${where}`;

/** @param {Language} language @param {string} who */
export const approvedBy = (language, who) => (language === "zh" ? `${who} 已批准` : `Approved by ${who}`);

/** @param {Language} language @param {string[]} agreed @param {number} needed */
export const agreedSoFar = (language, agreed, needed) =>
  language === "zh"
    ? `需要 ${needed} 人同意，已有 ${agreed.length} 人：${agreed.join("、") || "–"}`
    : `${agreed.length} of ${needed} have agreed: ${agreed.join(", ") || "–"}`;

/** @param {Language} language @param {string} who @param {string} until */
export const askedBy = (language, who, until) =>
  language === "zh" ? `${who} 请求；有效期至 ${until}` : `Asked for by ${who}; until ${until}`;

/**
 * The shapes that the modules share; this file holds no code.
 *
 * Offsets named `start` and `end` count Unicode code points, as the hub does, not UTF-16 units as JavaScript does.
 *
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} title
 * @property {string} updated_at ISO 8601
 * @property {number} turns
 * @property {string | null} run_id the run in progress, if any
 *
 * @typedef {object} Route
 * @property {string} intent
 * @property {number | null} [confidence] 0 to 1, of what was chosen against its nearest rivals
 * @property {string} language "en" or "zh"
 * @property {string} path what decided: "operation", "documents", "both", "question", "thread", "help" or "nothing"
 * @property {string[]} [operations] tools that are called or proposed
 * @property {string} reason one sentence in the user's language
 *
 * @typedef {object} Citation
 * @property {number} number the mark in the text: 1 for [1]
 * @property {string} document_id
 * @property {string} document path of the document
 * @property {string} title
 * @property {string} heading
 * @property {number} start
 * @property {number} end
 * @property {string} quote
 *
 * @typedef {object} ToolCall
 * @property {string} id
 * @property {string} name
 * @property {unknown} arguments a value, or the JSON text so far while it streams
 * @property {unknown} result
 * @property {"running" | "done" | "failed"} status
 *
 * @typedef {object} Proposal a call that a "yes" makes
 * @property {string} tool
 * @property {Record<string, unknown>} arguments
 * @property {string} order the call in words
 *
 * @typedef {{ kind: string, message: string }} Notice
 * @typedef {{ name: string, done: boolean }} Step
 * @typedef {{ message: string, advice: string, code: string }} Failure
 *
 * @typedef {object} Message one message as GET /v1/threads/{id} returns it
 * @property {string} id
 * @property {"user" | "assistant"} role
 * @property {string} content
 * @property {string | null} [checkpoint_id]
 * @property {Route | null} [route]
 * @property {Citation[]} [citations]
 * @property {ToolCall[]} [tool_calls]
 * @property {Notice[]} [notices]
 * @property {string | null} [principal] who asked for it
 * @property {string[]} [approvals] ids of the approvals that it waits for
 * @property {Proposal[]} [proposed]
 * @property {string[]} [choices]
 * @property {"complete" | "failed" | "cancelled" | "interrupted"} [status]
 *
 * @typedef {Thread & { messages: Message[] }} ThreadWithMessages
 *
 * @typedef {object} Turn one message as the page shows it; an assistant's turn grows while its run streams
 * @property {string} id
 * @property {"user" | "assistant"} role
 * @property {"en" | "zh"} language of the answer, and until it is known of its question
 * @property {boolean} ended whether its last step is done, so that nothing of the answer is missing
 * @property {string} text Markdown
 * @property {string} draft the model's unchecked words
 * @property {Step[]} steps
 * @property {Route | null} route
 * @property {ToolCall[]} toolCalls
 * @property {Citation[]} citations
 * @property {Notice[]} notices
 * @property {string | null} principal who asked, where the page knows
 * @property {string[]} approvals ids of the approvals that it waits for
 * @property {Proposal[]} proposed calls that a "yes" makes
 * @property {string[]} choices names among which the answer to a question back may choose
 * @property {"running" | "complete" | "failed" | "cancelled" | "interrupted"} status
 * @property {"live" | "connecting" | "reconnecting" | "stopping"} activity what a running turn waits for
 * @property {Failure | null} failure
 * @property {string | null} checkpointId where a fork may begin
 * @property {string | null} runId
 * @property {boolean} started whether the hub is known to have begun the run
 * @property {number | null} lastEventId
 *
 * @typedef {object} HubDocument
 * @property {string} id
 * @property {string} name
 * @property {string} title
 * @property {string} media_type
 * @property {string} updated_at
 * @property {number} chunks
 * @property {string} text
 *
 * @typedef {Omit<HubDocument, "text">} DocumentSummary
 *
 * @typedef {object} Status
 * @property {string} version
 * @property {{ name: string, reason: string, capable: boolean }} model
 * @property {number} documents
 * @property {number} chunks
 * @property {Caller} caller
 *
 * @typedef {{ principal: string, tenant: string, scopes: string[] }} Caller who the hub takes the page for
 *
 * @typedef {object} Approval
 * @property {string} id
 * @property {string} tool
 * @property {Record<string, unknown>} arguments
 * @property {unknown} plan what the tool says that it would change; null where it does not say
 * @property {string} requester
 * @property {boolean} four_eyes whether somebody else than the requester has to decide
 * @property {"requested" | "approved" | "rejected" | "expired" | "used" | "revoked"} state
 * @property {string} expires_at ISO 8601
 * @property {string | null} decided_by
 * @property {string} comment
 * @property {number} [needed] how many people have to agree; one where left out
 * @property {string[]} [agreed] who has, while others have to still: "bob", or "bob for ann"
 *
 * @typedef {{ giver: string, receiver: string, tools: string[], revoked: boolean }} Delegation a right to decide; no tools is all
 *
 * @typedef {{ type: string } & Record<string, any>} RunEvent an AG-UI event
 */

export {};

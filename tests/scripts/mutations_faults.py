"""Mistakes that bring back faults which people found in the program. Same rules as mutations.py, which counts them in."""
from mutation import Mutation

WRITING, ORDER, FULL = ("tst_writing", None), ("tst_controller_order", None), ("tst_controller_full_disk", None)
BUSY, END, EXACT = ("tst_busy", None), ("tst_chat_end", None), ("tst_exact_text", None)
PASTED = ("tst_pasted_text", None)
DIRECTIONS, NUMBERS, OWN = ("tst_directions", None), ("tst_numbers", None), ("tst_own_messages", None)
SAFE, SALVAGE, STORE = ("tst_safe_file", None), ("tst_store_salvage", None), ("tst_transcript_store", None)
SWITCH, MARKDOWN = ("tst_controller_models", None), ("tst_markdown", None)
STILL = ("tst_window", "theListStandsStillUnderTheMouse")
BRANCH = ("engine_tests", "Session*:WindowPlan*:Conversation*")
VOCABULARY = ("engine_tests", "*Token*:*Vocabulary*:*Mark*:*Bpe*:*Spm*")
PRESENT = ("engine_tests", "*Presentable*:*Utf8*")
HORIZON = ("tst_horizon", None)

FAULTS = [
    Mutation("edits", "the field is emptied before anybody took the text", "ui/main_window_writing.cpp",
             "    if (!taken)\n        return;\n    showDraft();",
             "    m_page->composer()->setDraft({});\n    if (!taken)\n        return;\n    showDraft();", (WRITING,)),
    Mutation("edits", "half an edit is lost with its chat", "ui/main_window_writing.cpp",
             "m_controller.saveEdit(edited, text);\n    else", ";\n    else", (WRITING,)),
    Mutation("edits", "Escape does not end an edit", "ui/main_window_writing.cpp",
             "    connect(composer, &Composer::cancelRequested, this, &MainWindow::cancelEditing);\n", "", (WRITING,)),
    Mutation("edits", "what is typed belongs to the chat before", "app/controller/chats.cpp",
             "    Q_EMIT q.chatClosing();\n", "", (WRITING,)),
    Mutation("edits", "the draft is that of the chat before", "app/controller/chats.cpp",
             "    drafts.setChat(chat.id);\n", "", (WRITING, ("tst_controller_chats", None))),

    Mutation("order", "turns of a chat do not wait for one another", "app/controller/turns.cpp",
             "    if (!before)\n        writer->begin();", "    if (!before || !before->isRefused())\n        writer->begin();", (ORDER,)),
    Mutation("order", "what failed counts as written", "app/controller/turn_writer.cpp",
             "        database.appendChunk(progress.answer->id, rest);\n        progress.units += rest.size();",
             "        progress.units += rest.size();\n        database.appendChunk(progress.answer->id, rest);", (ORDER, FULL)),
    Mutation("order", "an older list is shown after a newer one", "app/controller/list.cpp",
             "            if (asked != listing)\n                return;\n", "            (void)asked;\n", (ORDER,)),
    Mutation("order", "new instructions overwrite those of the chat", "app/controller/settings.cpp",
             "if (current.id == 0 && !hasOwnPrompt)", "if (current.id == 0)", (ORDER, SWITCH, ("tst_controller", None))),
    Mutation("order", "numbers of another chat", "app/controller/answering.cpp",
             "    if (cacheView == view)\n        return cache;\n", "    return cache;\n", (ORDER, BUSY)),
    Mutation("order", "a waiting chat is not told", "app/controller/turns.cpp",
             "            busy.waiting.append(turn.chat);", "            ;", (ORDER, BUSY)),

    Mutation("windows", "bytes that nobody saw stay in the cache", "engine/session/conversation.cpp",
             "    if (match.heldOf.back() < 0 || purpose == Purpose::Answer)\n        dropUnshown(match);\n", "    (void)purpose;\n", (BRANCH,)),
    Mutation("windows", "a pending token survives another branch", "engine/session/conversation.cpp",
             "    match.keepsPending = holdsNewest && m_pending.has_value();", "    match.keepsPending = m_pending.has_value();", (BRANCH,)),
    Mutation("windows", "all of a long message", "engine/session/window_plan.cpp",
             "m_writer.message(message, index, static_cast<std::size_t>(room), walk.stop)",
             "m_writer.message(message, index, std::size_t{1} << 30, walk.stop)", (BRANCH,)),
    Mutation("windows", "a view that begins in the middle of a turn", "engine/session/window_plan.cpp",
             "        walk.aligned = fromContent;\n", "        walk.aligned = -1;\n", (BRANCH,)),
    Mutation("windows", "a tail that was read for a smaller room is enough", "engine/session/conversation.cpp",
             "!m_isWhole : edge < m_first || edge >= end)", "!m_isWhole : edge >= end)", (BRANCH,)),
    Mutation("windows", "the line of what is forgotten is above what was never read", "app/controller/horizon.cpp",
             "    if (unread > 0)\n        place.row = unread;\n", "", (HORIZON,)),

    Mutation("views", "heights that are estimated decide where the end is", "ui/transcript/page.cpp",
             "        while (measure(row, layoutHeight(row) - missing, layoutHeight(row)))\n            changed = true;\n", "", (END,)),
    Mutation("views", "rows move under the pointer", "ui/parts/steady_list.cpp",
             "        verticalScrollBar()->setValue(verticalScrollBar()->value() + visualRect(index).top() - place.top);\n", "            ", (STILL,)),
    Mutation("views", "code and tokens with ligatures", "ui/theme.cpp", "    font.setStyleStrategy(QFont::PreferNoShaping);\n", "", (EXACT,)),
    Mutation("views", "every paragraph from left to right", "ui/parts/direction.cpp",
             "        case QChar::DirR:\n        case QChar::DirAL:\n            return Qt::RightToLeft;", "        case QChar::DirR:\n        case QChar::DirAL:\n            break;",
             (DIRECTIONS,)),
    Mutation("views", "money is mathematics", "ui/transcript/markup_hider.cpp",
             "isBlank(m_text[close - 1]) || money)", "isBlank(m_text[close - 1]))", (MARKDOWN,)),
    Mutation("views", "prices beside letters are mathematics", "ui/transcript/markup_hider.cpp",
             "if (length > 2 || isWordCharacter(before))", "if (length > 2)", (MARKDOWN,)),
    Mutation("views", "code of persons is no code", "ui/transcript/markdown_own.cpp",
             "    if (at == 4 || at == line.size() || (line[at] != u'`' && line[at] != u'~'))\n        return {};", "    return {};", (OWN,)),
    Mutation("views", "long words stay in the field", "ui/page/pasted_text.cpp",
             "if (paragraph > mostInParagraph || word > mostInWord)", "if (paragraph > 64 * mostInParagraph)", (PASTED,)),

    Mutation("numbers", "a comma is no decimal sign", "app/numbers.cpp", "(?:[.,\\\\x{66B}]([0-9]*))?$", "(?:[.\\\\x{66B}]([0-9]*))?$", (NUMBERS,)),
    Mutation("files", "what the system refuses is not heard", "app/safe_file.cpp",
             "        if (taken <= 0)\n            throw failure(path, file);\n", "        if (taken <= 0)\n            break;\n", (SAFE,)),
    Mutation("files", "rows of overflow pages are not read", "app/store/leaf_reader.cpp",
             "    if (local == size || at + local + 4 > usable)\n        return bytes;", "    if (local <= size)\n        return bytes;", (SALVAGE,)),
    Mutation("files", "leaf pages are not read", "app/store/leaf_reader.cpp",
             "            readLeaf(*page, use);", "            (void)use;", (SALVAGE,)),
    Mutation("files", "one start in the future empties the trash", "app/store/upkeep.cpp",
             "return noted > 0 && now >= noted ? noted : 0;", "return now;", (STORE, ("tst_database", None), ("tst_deleted_messages", None))),

    Mutation("marks", "declared marks can be written", "engine/tokenizer/vocabulary.cpp",
             "type == TokenType::Unknown || (declared && mark) || used;", "type == TokenType::Unknown;", (VOCABULARY,)),
    Mutation("marks", "marks of a turn keep the type of the file", "engine/tokenizer/vocabulary.cpp",
             "            type = TokenType::Control;\n        vocabulary.reserved[index]", "            ;\n        vocabulary.reserved[index]", (VOCABULARY,)),
    Mutation("words", "escape sequences reach the terminal", "engine/presentable.cpp",
             "    return code < 0x20 || (code >= 0x7F", "    return (code >= 0x7F", (PRESENT,)),
]

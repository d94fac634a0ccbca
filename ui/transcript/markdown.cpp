#include "ui/transcript/markdown_builder.h"

namespace ui::transcript {

namespace {

Builder& builder(void* user) {
    return *static_cast<Builder*>(user);
}

} // namespace

Block plainParagraph(QStringView source, int base) {
    Block block;
    QString shown = source.toString();
    shown.replace(u'\n', QChar(QChar::LineSeparator));
    block.text.append(shown, base, static_cast<int>(source.size()), 0);
    return block;
}

QList<Block> parseMarkdown(QStringView source, int base) {
    Builder tree(source, base);
    MD_PARSER parser{};
    parser.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
        return builder(user).enterBlock(type, detail);
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
        return builder(user).leaveBlock(type, detail);
    };
    parser.enter_span = [](MD_SPANTYPE type, void* detail, void* user) {
        return builder(user).enterSpan(type, detail);
    };
    parser.leave_span = [](MD_SPANTYPE type, void* detail, void* user) {
        return builder(user).leaveSpan(type, detail);
    };
    parser.text = [](MD_TEXTTYPE type, const char* data, MD_SIZE size, void* user) {
        return builder(user).text(type, data, static_cast<int>(size));
    };
    const QByteArray& copy = tree.copy();
    const int failed = md_parse(copy.constData(), static_cast<MD_SIZE>(copy.size()), &parser, &tree);
    if (failed != 0 || tree.lost())
        return {plainParagraph(source, base)};
    return tree.take();
}

} // namespace ui::transcript

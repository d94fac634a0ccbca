#include "ui/transcript/languages.h"

namespace ui::transcript {

namespace {

QStringList names(const char* list) {
    return QString::fromLatin1(list).split(u' ');
}

QSet<QString> words(const char* list) {
    const QStringList all = names(list);
    return {all.begin(), all.end()};
}

QList<Language> buildLanguages() {
    const QStringList slash{QStringLiteral("//")}, hash{QStringLiteral("#")};
    const QString open = QStringLiteral("/*"), close = QStringLiteral("*/");
    const QString both = QStringLiteral("\"'"), three = QStringLiteral("\"'`");
    QList<Language> all;
    all.append({names("python py python3"),
                words("def class return if elif else for while in is not and or import from as with try "
                      "except finally raise pass break continue lambda yield global nonlocal assert del "
                      "async await match case None True False"),
                hash,
                {},
                {},
                both,
                true});
    all.append({names("c cpp c++ cc h hpp cuda glsl"),
                words("if else for while do switch case default break continue return struct class enum "
                      "union typedef const constexpr static inline virtual override public private protected "
                      "namespace using template typename auto void int char bool float double long short "
                      "unsigned signed size_t new delete this nullptr true false try catch throw operator "
                      "extern sizeof noexcept final friend concept requires co_await co_return co_yield"),
                slash, open, close, both});
    all.append({names("javascript js jsx typescript ts tsx"),
                words("function return if else for while do switch case default break continue const let var "
                      "class extends new this super import export from as async await yield try catch "
                      "finally throw typeof instanceof in of null undefined true false interface type enum "
                      "implements public private readonly void delete static get set"),
                slash, open, close, three});
    all.append(
        {names("java kotlin kt csharp cs c# scala swift dart php"),
         words("class interface enum struct func fun function return if else for foreach while do switch "
               "case default break continue public private protected static final const var val let new this "
               "super self import package namespace using extends implements override abstract void int long "
               "double float boolean bool string String char null nil true false try catch finally throw "
               "throws when is as in guard async await object echo"),
         slash, open, close, both});
    all.append({names("rust rs"),
                words("fn let mut pub struct enum impl trait use mod crate self Self super if else match for "
                      "while loop in return break continue const static ref move async await where as dyn "
                      "unsafe type true false Some None Ok Err"),
                slash, open, close, QStringLiteral("\"")});
    all.append({names("go golang"),
                words("func package import var const type struct interface map chan if else for range switch "
                      "case default break continue return go defer select nil true false fallthrough make "
                      "new len append string int error bool"),
                slash, open, close, three});
    all.append({names("bash sh shell zsh console"),
                words("if then else elif fi for in do done while until case esac function return local "
                      "export exit echo cd source set unset read shift trap sudo"),
                hash,
                {},
                {},
                three,
                false,
                false,
                false,
                QStringLiteral("-")});
    all.append({names("sql sqlite postgresql mysql"),
                words("select from where insert into values update set delete create table index view drop "
                      "alter join left right inner outer on group by order having limit offset as and or not "
                      "null is in like between distinct union all primary key foreign references case when "
                      "then else end with pragma begin commit rollback exists default integer text"),
                {QStringLiteral("--")},
                open,
                close,
                both,
                false,
                true});
    all.append({names("json json5"), words("true false null"), slash, open, close, QStringLiteral("\"")});
    all.append({names("html xml svg qml"),
                {},
                {},
                QStringLiteral("<!--"),
                QStringLiteral("-->"),
                both,
                false,
                false,
                true,
                QStringLiteral("-:")});
    all.append({names("css scss"),
                words("important media import keyframes supports"),
                {},
                open,
                close,
                both,
                false,
                false,
                false,
                QStringLiteral("-")});
    all.append({names("yaml yml toml ini conf cmake make makefile dockerfile ruby rb r perl"),
                words("true false null yes no if else elsif elseif endif end def class module do while for "
                      "in return require include function set foreach endforeach unless begin rescue self "
                      "nil my sub use FROM RUN COPY CMD ENV WORKDIR"),
                hash,
                {},
                {},
                both});
    all.append(
        {names("lua haskell hs"),
         words("function local end if then else elseif for while do repeat until return nil true false and "
               "or not in where let of case module import data type class instance deriving"),
         {QStringLiteral("--")},
         {},
         {},
         both});
    return all;
}

} // namespace

const Language* findLanguage(const QString& name) {
    static const QList<Language> all = buildLanguages();
    for (const Language& language : all) {
        if (language.names.contains(name, Qt::CaseInsensitive))
            return &language;
    }
    return nullptr;
}

} // namespace ui::transcript

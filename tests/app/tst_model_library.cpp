#include "app/model_library.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/patience.h"
#include "tests/support/real_model.h"
#include "tests/support/toy_model.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

using namespace app;
using namespace Qt::StringLiterals;

/// Models where the programs of this world keep them, in a home of our own.
class TestModelLibrary : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void readsWhatAModelIs();
    void countsTheMemoryOfAToyModel();
    void saysWhyAFileCannotBeUsed();
    void listsAModelInPartsOnce();
    void skipsWhatIsNoModel();
    void findsTheOtherProgramsModels();
    void listsAFileOnce();
    void distrustsManifests();
    void searchesOffTheMainThread();
    void newestSearchWins();

private:
    QString put(const QString& path, const QByteArray& bytes);
    QStringList names(const QList<ModelEntry>& models);
    QList<ModelEntry> everything(const QStringList& chosen = {});

    const QString m_realModel =
        QString::fromStdString(test::realModelPath().string()); // before the home is another
    std::unique_ptr<QTemporaryDir> m_home;
};

namespace {

QByteArray bytesOf(test::GgufWriter& writer) {
    writer.addTensor("token_embd.weight", kernels::DType::F32, {8}, std::vector<std::byte>(32));
    const std::vector<std::byte> bytes = writer.bytes();
    return QByteArray(reinterpret_cast<const char*>(bytes.data()), static_cast<qsizetype>(bytes.size()));
}

/// Recognised as what it says it is, not usable: its tensors are missing.
QByteArray namedModel(const std::string& name, const std::string& architecture = "llama") {
    test::GgufWriter writer;
    writer.addString("general.architecture", architecture);
    writer.addString("general.name", name);
    return bytesOf(writer);
}

QByteArray partOfModel(std::uint32_t number, std::uint32_t count) {
    test::GgufWriter writer;
    writer.addUint("split.no", number);
    writer.addUint("split.count", count);
    return bytesOf(writer);
}

} // namespace

void TestModelLibrary::init() {
    m_home = std::make_unique<QTemporaryDir>();
    qputenv("HOME", m_home->path().toUtf8());
    for (const char* variable : {"XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
                                 "HF_HOME", "OLLAMA_MODELS", "LLAMA_CACHE"})
        qunsetenv(variable);
}

QString TestModelLibrary::put(const QString& path, const QByteArray& bytes) {
    const QString whole = m_home->filePath(path);
    QDir().mkpath(QFileInfo(whole).absolutePath());
    QFile file(whole);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("cannot write");
    return whole;
}

QStringList TestModelLibrary::names(const QList<ModelEntry>& models) {
    QStringList names;
    for (const ModelEntry& model : models)
        names.append(model.source + u": "_s + model.name);
    names.sort();
    return names;
}

QList<ModelEntry> TestModelLibrary::everything(const QStringList& chosen) {
    ModelLibrary library;
    QSignalSpy changed(&library, &ModelLibrary::changed);
    library.refresh(chosen);
    if (!changed.wait(test::PatienceMs))
        qFatal("the search does not end");
    return library.models();
}

void TestModelLibrary::readsWhatAModelIs() {
    if (m_realModel.isEmpty())
        QSKIP("the model SmolLM2-135M-Instruct.Q4_1.gguf is not here");
    const QList<ModelEntry> found = ModelLibrary::scan(m_realModel, u"here"_s);
    QCOMPARE(found.size(), 1);
    QCOMPARE(found[0].problem, QString());
    QCOMPARE(found[0].architecture, u"llama"_s);
    QCOMPARE(found[0].quantisation, u"Q4_1"_s);
    QCOMPARE(found[0].trainedLength, 8192);
    QCOMPARE(found[0].fileBytes, 98'362'432u);
    // 30 layers of 3 key/value heads of 64 in fp16, 4,096 tokens: 94,371,840 bytes beside the weights.
    QVERIFY(found[0].memoryBytes > 94'371'840u + 90'000'000u &&
            found[0].memoryBytes < 94'371'840u + 98'362'432u);
    QVERIFY(found[0].name.contains(u"SmolLM2"_s, Qt::CaseInsensitive));
}

void TestModelLibrary::countsTheMemoryOfAToyModel() {
    test::ToyShape shape;
    shape.trainedLength = 512;
    const QString path = QString::fromStdString(test::writeToyModel(shape).string());
    const QList<ModelEntry> found = ModelLibrary::scan(path, u"here"_s);
    QCOMPARE(found.size(), 1);
    QCOMPARE(found[0].problem, QString());
    QCOMPARE(found[0].trainedLength, 512);
    // Keys and values of 2 layers with 2 heads of 16 in fp16, for each of 512 tokens; the weights are all but
    // the header.
    const quint64 cache = 512ull * 2 * 2 * 2 * 16 * 2;
    QVERIFY(found[0].memoryBytes > cache && found[0].memoryBytes < cache + found[0].fileBytes);
    QVERIFY(found[0].memoryBytes > cache + found[0].fileBytes / 2);
}

void TestModelLibrary::saysWhyAFileCannotBeUsed() {
    put(u"m/a-other.gguf"_s, namedModel("Gem", "gemma3"));
    put(u"m/b-broken.gguf"_s, "GGUF and then nothing of the kind");
    put(u"m/c-empty.gguf"_s, {});
    put(u"m/d-part-00002-of-00003.gguf"_s, partOfModel(1, 3));
    put(u"m/d-part-00003-of-00003.gguf"_s, partOfModel(2, 3));
    put(u"m/e-tensors.gguf"_s, namedModel("Hollow"));
    put(u"m/f-loud.GGUF"_s, namedModel("Loud"));
    const QList<ModelEntry> found = ModelLibrary::scan(m_home->filePath(u"m"_s), u"here"_s);
    QCOMPARE(found.size(), 6);
    for (const ModelEntry& model : found) {
        QVERIFY2(model.problem.endsWith(u'.'), qPrintable(model.path + u": "_s + model.problem));
        QCOMPARE(model.source, u"here"_s);
    }
    QCOMPARE(found[0].name, u"A Other"_s);
    QCOMPARE(found[0].architecture, u"gemma3"_s);
    QVERIFY(found[0].problem.contains(u"gemma3"_s));
    QCOMPARE(found[1].name, u"b-broken"_s);
    QVERIFY(found[3].problem.contains(u"d-part-00001-of-00003.gguf is missing"_s));
}

void TestModelLibrary::listsAModelInPartsOnce() {
    const QString first = QString::fromStdString(test::writeToyModel({.parts = 3}).string());
    const QString whole = QString::fromStdString(test::writeToyModel({}).string());
    quint64 bytes = 0;
    for (int part = 1; part <= 3; ++part) {
        QFile file(QString(first).replace(u"-00001-of"_s, u"-0000%1-of"_s.arg(part)));
        QVERIFY(file.open(QIODevice::ReadOnly));
        bytes += static_cast<quint64>(file.size());
        put(u"m/big-0000%1-of-00003.gguf"_s.arg(part), file.readAll());
    }
    const QList<ModelEntry> found = ModelLibrary::scan(m_home->filePath(u"m"_s), u"here"_s);
    QCOMPARE(found.size(), 1);
    QCOMPARE(found[0].problem, QString());
    QCOMPARE(found[0].path, m_home->filePath(u"m/big-00001-of-00003.gguf"_s));
    QCOMPARE(found[0].name, u"Big"_s);
    QCOMPARE(found[0].fileBytes, bytes);
    QCOMPARE(found[0].memoryBytes, ModelLibrary::scan(whole, u"here"_s)[0].memoryBytes);
}

void TestModelLibrary::skipsWhatIsNoModel() {
    test::GgufWriter adapter, part;
    adapter.addString("general.type", "adapter");
    part.addUint("split.no", 2);
    put(u"m/mmproj-model-f16.gguf"_s, namedModel("Eyes"));
    put(u"m/incomplete-model.gguf"_s, namedModel("Half"));
    put(u"m/adapter.gguf"_s, bytesOf(adapter));
    put(u"m/part.gguf"_s, bytesOf(part));
    put(u"m/readme.md"_s, "no model");
    put(u"m/model.gguf.incomplete"_s, namedModel("Half"));
    QDir().mkpath(m_home->filePath(u"m/folder.gguf"_s));
    QCOMPARE(::mkfifo(m_home->filePath(u"m/pipe.gguf"_s).toUtf8().constData(), 0600),
             0); // opening it would wait for ever
    QVERIFY(ModelLibrary::scan(m_home->filePath(u"m"_s), u"here"_s).isEmpty());
    QVERIFY(ModelLibrary::scan(m_home->filePath(u"nowhere"_s), u"here"_s).isEmpty());
}

void TestModelLibrary::findsTheOtherProgramsModels() {
    put(u".local/share/sumidero/models/own.gguf"_s, namedModel("Own"));
    const QString hub = u".cache/huggingface/hub/models--org--repo/"_s;
    put(hub + u"blobs/0123abcd"_s, namedModel("Hugged"));
    put(hub + u"refs/main"_s, "c0ffee");
    QDir().mkpath(m_home->filePath(hub + u"snapshots/c0ffee"_s));
    QVERIFY(QFile::link(u"../../blobs/0123abcd"_s, m_home->filePath(hub + u"snapshots/c0ffee/file.gguf"_s)));
    put(u"elsewhere/hub/models--a--b/snapshots/1/x.gguf"_s, namedModel("By variable"));
    qputenv("HF_HOME", m_home->filePath(u"elsewhere"_s).toUtf8());
    put(u".lmstudio/models/publisher/repo/studio.gguf"_s, namedModel("Studio"));
    put(u"chosen/deep/er/chosen.gguf"_s, namedModel("Chosen"));
    const QByteArray llama = namedModel("Inside the blob");
    const QByteArray digest = QCryptographicHash::hash(llama, QCryptographicHash::Sha256).toHex();
    put(u".ollama/models/blobs/sha256-"_s + QString::fromLatin1(digest), llama);
    const QByteArray manifest =
        "{\"schemaVersion\":2,\"layers\":["
        "{\"mediaType\":\"application/vnd.ollama.image.license\",\"digest\":\"sha256:" +
        QByteArray(64, '0') +
        "\"},"
        "{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"sha256:" +
        digest + "\"}]}";
    put(u".ollama/models/manifests/registry.ollama.ai/library/llama3/8b"_s, manifest);
    const QString chosen = m_home->filePath(u"chosen"_s);
    const QList<ModelEntry> found = everything({chosen, m_home->filePath(u"not there"_s)});
    QCOMPARE(names(found),
             (QStringList{chosen + u": Chosen"_s, u"Hugging Face cache: File"_s, u"Hugging Face cache: X"_s,
                          u"LM Studio: Studio"_s, u"Ollama: llama3:8b"_s, u"Sumidero: Own"_s}));
    QCOMPARE(found[0].source, u"Sumidero"_s); // ours first

    // LM Studio with its home moved.
    put(u"big disk/models/p/r/moved.gguf"_s, namedModel("Moved"));
    put(u".lmstudio-home-pointer"_s, m_home->filePath(u"big disk"_s).toUtf8() + '\n');
    QVERIFY(names(everything()).contains(u"LM Studio: Moved"_s));
}

void TestModelLibrary::listsAFileOnce() {
    const QString file = put(u".local/share/sumidero/models/own.gguf"_s, namedModel("Own"));
    QDir().mkpath(m_home->filePath(u"chosen/loop"_s));
    QVERIFY(QFile::link(file, m_home->filePath(u"chosen/link.gguf"_s)));
    QCOMPARE(::link(file.toUtf8().constData(), m_home->filePath(u"chosen/hard.gguf"_s).toUtf8().constData()),
             0);
    QVERIFY(QFile::link(m_home->filePath(u"chosen"_s), m_home->filePath(u"chosen/loop/again"_s)));
    QVERIFY(QFile::link(m_home->filePath(u"gone.gguf"_s), m_home->filePath(u"chosen/dangling.gguf"_s)));
    const QString chosen = m_home->filePath(u"chosen"_s);
    QCOMPARE(names(everything({chosen, chosen, m_home->path()})), QStringList{u"Sumidero: Own"_s});
}

void TestModelLibrary::distrustsManifests() {
    put(u"secret.gguf"_s, namedModel("Secret"));
    const auto manifest = [](const QByteArray& digest) {
        return "{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"" + digest +
               "\"}]}";
    };
    const QString library = u".ollama/models/manifests/registry.ollama.ai/library/"_s;
    put(library + u"a/x"_s, manifest("sha256-../../../secret.gguf"));
    put(library + u"b/x"_s, manifest("sha256:" + QByteArray(63, 'a') + "/../../../secret.gguf"));
    put(library + u"c/x"_s, manifest("sha256:" + QByteArray(64, 'A')));
    put(library + u"d/x"_s, manifest("sha256:" + QByteArray(64, 'b') + "\\n"));
    put(library + u"e/x"_s, manifest("sha256:" + QByteArray(64, 'c'))); // names a blob that is not there
    put(library + u"f/x"_s, "{\"layers\":7}");
    put(library + u"g/x"_s, "not json");
    put(library + u"h/x"_s, QByteArray(3'000'000, '['));
    QDir().mkpath(m_home->filePath(u".ollama/models/blobs"_s));
    QVERIFY(everything().isEmpty());
}

void TestModelLibrary::searchesOffTheMainThread() {
    put(u".local/share/sumidero/models/own.gguf"_s, namedModel("Own"));
    ModelLibrary library;
    QSignalSpy changed(&library, &ModelLibrary::changed);
    library.refresh({});
    QVERIFY(library.isSearching());
    QVERIFY(library.models().isEmpty());
    QVERIFY(changed.wait(test::PatienceMs));
    QVERIFY(!library.isSearching());
    QCOMPARE(library.models().size(), 1);
    QVERIFY(ModelLibrary::defaultModelPath().startsWith(ModelLibrary::modelsFolder()));
    for (int i = 0; i < 20; ++i) { // gone while it searches
        ModelLibrary shortLived;
        shortLived.refresh({m_home->path()});
    }
}

void TestModelLibrary::newestSearchWins() {
    put(u"one/a.gguf"_s, namedModel("A"));
    put(u"two/b.gguf"_s, namedModel("B"));
    ModelLibrary library;
    QSignalSpy changed(&library, &ModelLibrary::changed);
    for (int i = 0; i < 10; ++i)
        library.refresh({m_home->filePath(u"one"_s)});
    library.refresh({m_home->filePath(u"two"_s)});
    QTRY_VERIFY(!library.isSearching());
    QTest::qWait(50);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(library.models().size(), 1);
    QCOMPARE(library.models()[0].name, u"B"_s);
}

QTEST_GUILESS_MAIN(TestModelLibrary)
#include "tst_model_library.moc"

#pragma once
#include "app/model_offer.h"

namespace app::downloads {

/// What is kept of a download until it is done, in a hidden folder beside the models. The installer's script keeps the wheels' part of it
/// in the same form (`model`: the parts so far, `done`: how many and how long), so each goes on with what the other has begun. Main
/// thread only; writing throws StoreError.
class WorkFolder {
public:
    WorkFolder(const QString& models, const QString& id);

    struct Done {
        int parts = 0;
        qint64 length = 0; // bytes of modelFile() that they fill
    };
    bool exists() const;
    void make(const ModelOffer& offer);
    Done done() const;
    void setDone(const Done& done);
    void remove();
    qint64 bytesHere() const; // fetched so far
    /// What grows to be a file of the model; `number` from 0.
    QString modelFile(qsizetype number = 0) const;
    QString wheelFile(int part) const;
    QString lockFile() const { return m_path + QStringLiteral("/lock"); }

    /// Everything begun and not finished in that folder of models.
    static QList<ModelOffer> unfinished(const QString& models);

private:
    QString m_path;
};

} // namespace app::downloads

#include "reconciler/report/history_json.hpp"

#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

nlohmann::json change_json(const ChangeRecord& change) {
  nlohmann::json fields = nlohmann::json::array();
  for (const FieldRecord& field : change.fields) {
    fields.push_back({{"path", field.path},
                      {"before", field.before},
                      {"after", field.after},
                      {"cause", field.cause},
                      {"commit", text_or_null(field.commit)},
                      {"author", text_or_null(field.author)},
                      {"by", text_or_null(field.by)},
                      {"secret", field.secret}});
  }
  return {{"address", to_string(change.address)},
          {"renamed_from", change.from ? nlohmann::json(to_string(*change.from)) : nullptr},
          {"action", change.action},
          {"cause", change.cause},
          {"commit", text_or_null(change.commit)},
          {"author", text_or_null(change.author)},
          {"outcome", change.outcome},
          {"message", text_or_null(change.message)},
          {"at", utc_time(change.at)},
          {"before", change.before},
          {"fields", std::move(fields)}};
}

}  // namespace

nlohmann::json history_json(const RunHistory& history) {
  nlohmann::json changes = nlohmann::json::array();
  for (const ChangeRecord& change : history.changes) changes.push_back(change_json(change));
  const RunRecord& run = history.run;
  return {{"run", run.id},
          {"verb", run.verb},
          {"commit", text_or_null(run.commit)},
          {"started", utc_time(run.started)},
          {"ended", run.exit_code < 0 ? nlohmann::json() : nlohmann::json(utc_time(run.ended))},
          {"exit_code", run.exit_code < 0 ? nlohmann::json() : nlohmann::json(run.exit_code)},
          {"summary", run.summary},
          {"changes", std::move(changes)}};
}

}  // namespace homeostat

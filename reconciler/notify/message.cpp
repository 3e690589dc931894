#include "reconciler/notify/message.hpp"

#include "reconciler/notify/text.hpp"

namespace homeostat {

std::string_view name_of(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::opened:
      return "opened";
    case Message::Kind::closed:
      return "closed";
    case Message::Kind::report:
      return "report";
    case Message::Kind::note:
      break;
  }
  return "note";
}

nlohmann::json to_json(const Message& message) {
  return {{"homeostat", 1},
          {"event", message.id},
          {"site", message.site},
          {"kind", name_of(message.kind)},
          {"title", message.title},
          {"text", message.text},
          {"markdown", message.markdown},
          {"html", message.html},
          {"at", iso_text(message.at)},
          {"incident", message.incident}};
}

}  // namespace homeostat

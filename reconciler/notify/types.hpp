// One type of notifier each, for the table in notifier.cpp. The settings are canonical and complete
// there: defaults are filled in.
#pragma once

#include "reconciler/notify/notifier.hpp"

namespace homeostat {

struct NotifierType {
  NotifierSchema (*schema)();
  Result<std::unique_ptr<Notifier>> (*open)(const NotifierContext&);
};
[[nodiscard]] NotifierType telegram_type();
[[nodiscard]] NotifierType email_type();
[[nodiscard]] NotifierType ntfy_type();
[[nodiscard]] NotifierType discord_type();
[[nodiscard]] NotifierType slack_type();
[[nodiscard]] NotifierType matrix_type();
[[nodiscard]] NotifierType webhook_type();
[[nodiscard]] NotifierType exec_type();

}  // namespace homeostat

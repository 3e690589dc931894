// A message's forms. Pure.
#pragma once

#include "reconciler/notify/message.hpp"

namespace homeostat {

// Makes Markdown and HTML of its title and text where they are empty: what came from outside stands
// in a block, where it is no link, no mention and no markup. Deliveries do so by themselves.
[[nodiscard]] Message with_forms(Message message);

// A mail's whole page around a fragment; a page stays as it is.
[[nodiscard]] std::string html_page(const Message& message);

}  // namespace homeostat

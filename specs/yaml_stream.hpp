// A text as the std::istream that yaml-cpp wants, without a copy.
#pragma once

#include <istream>
#include <streambuf>
#include <string_view>

namespace homeostat::yaml {

class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    // The get area wants char*; nothing ever writes to it.
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace homeostat::yaml

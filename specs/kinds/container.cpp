#include "specs/kinds/kinds.hpp"

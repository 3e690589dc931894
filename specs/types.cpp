#include "specs/types.hpp"

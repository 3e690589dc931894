#include "specs/load.hpp"

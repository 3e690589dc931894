#include "reconciler/provenance.hpp"

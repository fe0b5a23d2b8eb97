package mount

// Aliased is what Windows may take for another name, to be tested anywhere.
var Aliased = aliased

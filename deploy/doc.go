// Package deploy makes a site of a file.
package deploy

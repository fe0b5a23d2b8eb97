<?php
// Adminer, which takes ADMINER_PASSWORD as the password of databases that have none, such as those of SQLite.
function adminer_object() {
	include "/usr/share/adminer/plugins/plugin.php";
	include "/usr/share/adminer/plugins/login-password-less.php";
	$hash = password_hash($_SERVER["ADMINER_PASSWORD"], PASSWORD_DEFAULT);
	return new AdminerPlugin([new AdminerLoginPasswordLess($hash)]);
}
include "/usr/share/adminer/adminer.php";

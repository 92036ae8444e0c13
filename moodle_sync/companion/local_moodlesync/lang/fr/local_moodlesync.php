<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Strings in French.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['ambiguouskey'] = 'Plusieurs compétences ont le numéro d’identification « {$a} ». Donnez-en un autre à toutes sauf une.';
$string['badnamespace'] = '« {$a} » n’est pas un espace de noms. Utilisez 2 à 12 caractères parmi a-z, 0-9 et « - ».';
$string['badpayload'] = 'La demande n’est pas conforme en {$a->path} : {$a->reason}. Corrigez le client, ou utilisez un client du même schéma que ce plugin.';
$string['badquestions'] = 'Le fichier de questions est inutilisable : {$a}. Corrigez le fichier.';
$string['cachedef_sha256'] = 'Empreintes SHA-256 des fichiers déposés';
$string['completiondisabled'] = 'Le suivi d’achèvement est désactivé pour ce site ou ce cours. Activez-le, ou n’envoyez pas d’achèvement.';
$string['completionlocked'] = 'Des achèvements de {$a} personne(s) seraient perdus. Laissez le réglage tel quel, ou déverrouillez-le à la main dans Moodle en connaissance de cause.';
$string['courselocked'] = 'Une autre demande écrit dans le cours {$a} depuis plus de 30 secondes. Attendez qu’elle ait fini, relisez l’état, puis recommencez.';
$string['duplicatekey'] = 'Dans ce cours, le numéro d’identification « {$a->idnumber} » figure plusieurs fois (objets {$a->ids}). Effacez-le partout sauf une fois.';
$string['feedbackused'] = 'Des personnes ont répondu au feedback « {$a} », ou commencé à le faire : seule la formulation des questions peut changer. Laissez le reste tel quel, ou utilisez un nouveau feedback.';
$string['foreignkey'] = 'L’inscription « {$a->key} » est celle de l’utilisateur {$a->userid}. Utilisez une clé par personne, ou désinscrivez d’abord cette personne.';
$string['gradesexist'] = 'Des personnes ont été notées dans ce devoir : sa note maximale reste. Changez-la à la main dans Moodle en décidant du sort des notes.';
$string['keytoolong'] = 'Le numéro d’identification « {$a} » dépasserait 100 caractères. Raccourcissez la clé du cours ou celle de l’activité.';
$string['manualdisabled'] = 'L’inscription manuelle est désactivée pour ce site ou ce cours. Activez-la.';
$string['moodlesync:read'] = 'Lire ce que moodle_sync gère';
$string['moodlesync:write'] = 'Écrire ce que moodle_sync gère';
$string['nogradeitem'] = 'Cette activité n’a pas de note en points : il n’y a rien à réussir. Envoyez aussi « grade_max ».';
$string['norubric'] = 'L’activité « {$a->key} » est de type « {$a->modname} » : seuls les devoirs ont ici des grilles d’évaluation.';
$string['nosuchkey'] = 'Il n’y a pas ici d’objet « {$a->key} » (type {$a->kind}). Créez-le d’abord, ou corrigez la clé.';
$string['nosuchuser'] = 'Il n’y a pas d’utilisateur {$a} à inscrire. Créez d’abord le compte.';
$string['notenrolled'] = 'L’utilisateur {$a} n’est pas inscrit à ce cours et ne peut pas être dans ses groupes. Inscrivez d’abord cette personne.';
$string['notmoved'] = 'Ce format de cours ne permet pas de déplacer la section {$a->from} en {$a->to}. Déplacez-la à la main.';
$string['nottracked'] = 'L’activité « {$a} » n’a pas de suivi d’achèvement : elle ne pourrait jamais achever le cours. Donnez-lui d’abord une règle d’achèvement.';
$string['plugindisabled'] = '{$a} est désactivé sur ce site. Faites-le activer par un administrateur, ou ne le demandez pas.';
$string['pluginname'] = 'Compagnon moodle_sync';
$string['privacy:metadata:baseline'] = 'Ce que moodle_sync a écrit en dernier d’une inscription ou d’un groupe.';
$string['privacy:metadata:baseline:objkey'] = 'La clé de l’inscription ou du groupe dans les fichiers de l’organisme.';
$string['privacy:metadata:baseline:value'] = 'Rôle, statut et dates de l’inscription, ou nom, description et membres du groupe, tels qu’écrits.';
$string['privacy:metadata:map'] = 'Les inscriptions et les appartenances à des groupes faites par moodle_sync.';
$string['privacy:metadata:map:objid'] = 'L’inscription ou l’appartenance.';
$string['privacy:metadata:map:objkey'] = 'La clé de l’inscription ou du groupe dans les fichiers de l’organisme.';
$string['privacy:metadata:map:timecreated'] = 'Le moment où elle a été faite.';
$string['quizused'] = 'Des personnes ont déjà tenté le test « {$a} » : ses questions restent telles quelles. Utilisez un nouveau test, ou supprimez les tentatives dans Moodle.';
$string['rolenotassignable'] = 'L’appelant ne peut pas attribuer ici le rôle « {$a} ». Faites-le autoriser par un administrateur (Définition des rôles, Attributions de rôles permises).';
$string['rubricused'] = '{$a->learners} personne(s) ont été évaluées avec la grille de « {$a->key} » et devraient l’être à nouveau. Ne changez que des textes, ou utilisez une nouvelle activité.';
$string['wrongcourse'] = 'Le cours {$a->id} n’est pas de l’espace de noms « {$a->namespace} » : son numéro d’identification doit commencer par « {$a->namespace}: ». Donnez-lui un tel numéro, ou utilisez l’espace de noms qu’il a.';
$string['wrongmodname'] = 'L’activité « {$a->key} » est de type « {$a->modname} », et un type ne se change pas. Utilisez une autre clé, ou supprimez l’activité dans Moodle.';

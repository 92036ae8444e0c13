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
 * Strings in English.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['ambiguouskey'] = 'More than one competency has the ID number "{$a}". Give all but one of them another.';
$string['badnamespace'] = '"{$a}" is no namespace. Use 2 to 12 characters out of a-z, 0-9 and "-".';
$string['badpayload'] = 'The request is not as agreed at {$a->path}: {$a->reason}. Correct the client, or use a client of the same schema as this plugin.';
$string['badquestions'] = 'The file of questions cannot be used: {$a}. Correct the file.';
$string['cachedef_sha256'] = 'SHA-256 digests of stored files';
$string['completiondisabled'] = 'Completion tracking is off in this site or course. Switch it on, or send no completion.';
$string['completionlocked'] = 'Completions of {$a} learner(s) would be lost. Leave it as it is, or unlock it in Moodle by hand, knowing that.';
$string['courselocked'] = 'Another request has been writing to course {$a} for more than 30 seconds. Wait until it has ended, read the state again, and try again.';
$string['duplicatekey'] = 'In this course the ID number "{$a->idnumber}" is there more than once (ids {$a->ids}). Clear it in all but one of them.';
$string['feedbackused'] = 'Learners have answered the feedback "{$a}", or begun to: only the wording of its questions may change. Leave the rest as it is, or use a new feedback.';
$string['foreignkey'] = 'The enrolment "{$a->key}" is the one of user {$a->userid}. Use one key per person, or unenrol that person first.';
$string['gradesexist'] = 'Learners were graded in this assignment: its maximum grade stays. Change it in Moodle by hand, deciding what becomes of the grades.';
$string['keytoolong'] = 'The ID number "{$a}" would be longer than 100 characters. Shorten the key of the course or the key of the activity.';
$string['manualdisabled'] = 'Manual enrolment is switched off in this site or course. Switch it on.';
$string['moodlesync:read'] = 'Read what moodle_sync manages';
$string['moodlesync:write'] = 'Write what moodle_sync manages';
$string['nogradeitem'] = 'This activity has no grade in points, so that there is nothing to pass. Send its "grade_max" as well.';
$string['norubric'] = 'The activity "{$a->key}" is of type "{$a->modname}": only assignments have rubrics here.';
$string['nosuchkey'] = 'There is no {$a->kind} "{$a->key}" here. Create it first, or correct the key.';
$string['nosuchuser'] = 'There is no user {$a} to enrol. Create the account first.';
$string['notenrolled'] = 'User {$a} is not enrolled in this course, and cannot be in its groups. Enrol that person first.';
$string['notmoved'] = 'This course format does not let section {$a->from} move to {$a->to}. Move it by hand.';
$string['nottracked'] = 'The activity "{$a}" has no completion tracking, so that it could never complete the course. Give it a completion rule first.';
$string['plugindisabled'] = '{$a} is switched off in this site. Have an administrator switch it on, or do not ask for it.';
$string['pluginname'] = 'moodle_sync companion';
$string['privacy:metadata:baseline'] = 'What moodle_sync last wrote of an enrolment or a group.';
$string['privacy:metadata:baseline:objkey'] = 'The key of the enrolment or group in the files of the organisation.';
$string['privacy:metadata:baseline:value'] = 'Role, status and dates of the enrolment, or name, description and members of the group, as they were written.';
$string['privacy:metadata:map'] = 'Which enrolments and group memberships moodle_sync made.';
$string['privacy:metadata:map:objid'] = 'The enrolment or the membership.';
$string['privacy:metadata:map:objkey'] = 'The key of the enrolment or group in the files of the organisation.';
$string['privacy:metadata:map:timecreated'] = 'When it was made.';
$string['quizused'] = 'Learners have attempted the quiz "{$a}", so that its questions stay as they are. Use a new quiz, or delete the attempts in Moodle.';
$string['rolenotassignable'] = 'The caller may not assign the role "{$a}" here. Have an administrator allow it (Define roles, Allow role assignments).';
$string['rubricused'] = '{$a->learners} learner(s) were graded with the rubric of "{$a->key}", and would have to be graded again. Change texts only, or use a new activity.';
$string['wrongcourse'] = 'Course {$a->id} is not of the namespace "{$a->namespace}": its ID number must start with "{$a->namespace}:". Give it such an ID number, or use the namespace that it has.';
$string['wrongmodname'] = 'The activity "{$a->key}" is of type "{$a->modname}", and types cannot be changed. Use another key, or delete the activity in Moodle.';

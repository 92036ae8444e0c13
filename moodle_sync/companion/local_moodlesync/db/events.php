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
 * What is deleted in Moodle loses its keys and baselines.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$observers = [
    [
        'eventname' => '\core\event\course_module_deleted',
        'callback' => '\local_moodlesync\observer::course_module_deleted',
    ],
    [
        'eventname' => '\core\event\course_section_deleted',
        'callback' => '\local_moodlesync\observer::course_section_deleted',
    ],
    [
        'eventname' => '\core\event\course_content_deleted',
        'callback' => '\local_moodlesync\observer::course_content_deleted',
    ],
    [
        'eventname' => '\core\event\course_deleted',
        'callback' => '\local_moodlesync\observer::course_deleted',
    ],
    [
        'eventname' => '\core\event\user_enrolment_deleted',
        'callback' => '\local_moodlesync\observer::user_enrolment_deleted',
    ],
    [
        'eventname' => '\core\event\calendar_event_deleted',
        'callback' => '\local_moodlesync\observer::calendar_event_deleted',
    ],
    [
        'eventname' => '\core\event\group_deleted',
        'callback' => '\local_moodlesync\observer::group_deleted',
    ],
    [
        'eventname' => '\core\event\group_member_removed',
        'callback' => '\local_moodlesync\observer::group_member_removed',
    ],
];
